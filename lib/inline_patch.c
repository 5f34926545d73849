/* inline_patch.c - see inline_patch.h. x86-64. */
#include "lib/inline_patch.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/mman.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/sys.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum {
	PAGE_BYTES = 4096,
	WORD_BYTES = 8,
	LINEAR_STEPS = 32, /* block by block; then further and further */
};

#define LOWEST_ADDRESS	UINT64_C(0x10000) /* vm.mmap_min_addr */
#define HIGHEST_ADDRESS (UINT64_C(1) << 47)
#define REACH_BYTES	(UINT64_C(1) << 31)
/* Not to be built upon: below the stack pointer the stack grows. */
#define STACK_BYTES (UINT64_C(2) << 30)

/* ---- near memory ---- */

struct window {
	uint64_t low, high; /* where a block may start: low <= start < high */
};

/* From where everything between the addresses can be reached, both ways. */
static struct window window_around(uint64_t low, uint64_t high)
{
	enum { MARGIN = 2 * PAGE_BYTES };
	struct window w = { LOWEST_ADDRESS, HIGHEST_ADDRESS };
	if (high > REACH_BYTES + LOWEST_ADDRESS)
		w.low = high - REACH_BYTES + MARGIN;
	if (low + REACH_BYTES < HIGHEST_ADDRESS)
		w.high = low + REACH_BYTES - MARGIN - INLINE_BLOCK_BYTES;
	return w;
}

static bool is_for_stack(uint64_t start)
{
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	return start + INLINE_BLOCK_BYTES > here - STACK_BYTES && start < here + INLINE_BLOCK_BYTES;
}

/* Whether there is now a block at the address, or, from a kernel that takes it for a hint (before
 * Linux 4.17), elsewhere in the window. */
static bool map_at(const struct window *w, uint64_t *start)
{
	if (*start < w->low || *start >= w->high || is_for_stack(*start))
		return false;
	long got = sys_call6(SYS_mmap, (long)*start, INLINE_BLOCK_BYTES, PROT_READ | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (sys_failed(got))
		return false;
	*start = (uint64_t)got;
	if (*start >= w->low && *start < w->high)
		return true;
	sys_unmap((void *)got, INLINE_BLOCK_BYTES);
	return false;
}

/* Downwards first: above an executable its heap grows. */
static bool map_near(const struct window *w, uint64_t near, uint64_t *start)
{
	near &= ~(uint64_t)(INLINE_BLOCK_BYTES - 1);
	for (unsigned up = 0; up < 2; up++) {
		uint64_t distance = INLINE_BLOCK_BYTES;
		for (unsigned step = 0; distance < 2 * REACH_BYTES; step++) {
			if (!up && distance > near)
				break;
			*start = up ? near + distance : near - distance;
			if (map_at(w, start))
				return true;
			if (step >= LINEAR_STEPS)
				distance += distance / 8 & ~(uint64_t)(INLINE_BLOCK_BYTES - 1);
			distance += INLINE_BLOCK_BYTES;
		}
	}
	return false;
}

/* A slot from where everything between the addresses can be reached; 0: none. */
static uint64_t take_slot(struct inline_memory *memory, uint64_t low, uint64_t high)
{
	struct window w = window_around(low, high);
	uint32_t i = 0;
	while (i < memory->count &&
	       (memory->blocks[i].start < w.low || memory->blocks[i].start >= w.high ||
		memory->blocks[i].used + PLAN_X86_64_SLOT_BYTES > INLINE_BLOCK_BYTES))
		i++;
	if (i == memory->count) {
		uint64_t start;
		if (i == INLINE_BLOCKS_MAX || w.low >= w.high || !map_near(&w, low, &start))
			return 0;
		memory->blocks[i].start = start;
		memory->blocks[i].used = 0;
		memory->count++;
	}
	uint64_t slot = memory->blocks[i].start + memory->blocks[i].used;
	memory->blocks[i].used += PLAN_X86_64_SLOT_BYTES;
	return slot;
}

bool inline_memory_has(const struct inline_memory *memory, uint64_t address)
{
	for (uint32_t i = 0; i < memory->count; i++)
		if (address - memory->blocks[i].start < memory->blocks[i].used)
			return true;
	return false;
}

/* ---- forks ---- */

/* How many are under way, or that somebody writes code in more than one step. */
static uint32_t forks;
enum { WRITING = 1 << 30, WAIT_US = 50, WAITS = 2000 };

static bool begin_writing(void)
{
	for (unsigned i = 0; i < WAITS; i++) {
		uint32_t none = 0;
		if (at_cas_acq_rel(&forks, &none, (uint32_t)WRITING))
			return true;
		sys_sleep_us(WAIT_US);
	}
	return false;
}

static void end_writing(void)
{
	at_add_relaxed(&forks, -(uint32_t)WRITING);
}

void inline_patch_fork_begins(void)
{
	uint32_t seen = at_load_relaxed(&forks);
	for (unsigned i = 0; i < WAITS; i++) {
		if (seen & WRITING) {
			sys_sleep_us(WAIT_US);
			seen = at_load_relaxed(&forks);
		} else if (at_cas_acq_rel(&forks, &seen, seen + 1)) {
			return;
		}
	}
	at_add_relaxed(&forks, 1u);
}

void inline_patch_fork_ended(void)
{
	at_add_relaxed(&forks, -1u);
}

void inline_patch_fork_is_child(void)
{
	at_store_relaxed(&forks, 0u); /* who else forked or wrote is not in this process */
}

/* ---- writing code ---- */

static bool protect(uint64_t address, uint64_t bytes, int protection)
{
	uint64_t first = address & ~(uint64_t)(PAGE_BYTES - 1);
	uint64_t end = (address + bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
	return !sys_failed(sys_call3(SYS_mprotect, first, end - first, protection));
}

static bool same(uint64_t address, const uint8_t *expected, unsigned bytes)
{
	const uint8_t *there = (const uint8_t *)(uintptr_t)address;
	for (unsigned i = 0; i < bytes; i++)
		if (there[i] != expected[i])
			return false;
	return true;
}

static void write_plainly(uint64_t address, const uint8_t *from, unsigned bytes)
{
	volatile uint8_t *to = (volatile uint8_t *)(uintptr_t)address;
	for (unsigned i = 0; i < bytes; i++)
		to[i] = from[i];
}

static bool is_in_word(uint64_t address, unsigned bytes)
{
	return address % WORD_BYTES + bytes <= WORD_BYTES;
}

/* Other processors see all of the bytes or none. */
static void write_in_word(uint64_t address, const uint8_t *from, unsigned bytes)
{
	uint64_t *word = (uint64_t *)(uintptr_t)(address & ~(uint64_t)(WORD_BYTES - 1));
	uint64_t value = at_load_relaxed(word);
	for (unsigned i = 0; i < bytes; i++) {
		unsigned shift = 8 * (unsigned)(address % WORD_BYTES + i);
		value = (value & ~(UINT64_C(0xff) << shift)) | (uint64_t)from[i] << shift;
	}
	at_store_release(word, value);
}

/* Every processor that runs this process has thrown away what it had decoded. Where the kernel
 * cannot do that, mprotect() afterwards does it by interrupting them. */
static void serialise_processors(void)
{
	sys_call3(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
	sys_call3(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
}

/* Who comes while the bytes are written goes around in the two-byte loop until they are complete.
 * Signals are blocked: a handler that came into the loop would never leave it. */
static void write_behind_loop(uint64_t address, const uint8_t *from, unsigned bytes)
{
	static const uint8_t loop[] = { 0xeb, 0xfe };
	write_in_word(address, loop, sizeof(loop));
	serialise_processors();
	write_plainly(address + sizeof(loop), from + sizeof(loop), bytes - sizeof(loop));
	serialise_processors();
	write_in_word(address, from, sizeof(loop));
}

/* A child that came to be between the steps would go around in the loop for ever. */
static bool write_with_threads(uint64_t address, const uint8_t *from, unsigned bytes)
{
	if (!begin_writing())
		return false;
	write_behind_loop(address, from, bytes);
	end_writing();
	return true;
}

static enum plan_reason write_code(const struct inline_patch *p, const uint8_t *from, bool alone)
{
	enum { LOOP_BYTES = 2 };
	enum plan_reason reason = PLAN_NONE;
	bool whole = is_in_word(p->patch, p->bytes);
	if (!alone && !whole && !is_in_word(p->patch, LOOP_BYTES))
		return PLAN_NOT_ATOMIC;
	if (!protect(p->patch, p->bytes, PROT_READ | PROT_WRITE | PROT_EXEC))
		return PLAN_PROTECTED;
	struct sys_signals before = sys_block_signals();
	if (whole)
		write_in_word(p->patch, from, p->bytes);
	else if (alone)
		write_plainly(p->patch, from, p->bytes);
	else if (!write_with_threads(p->patch, from, p->bytes))
		reason = PLAN_NOT_ATOMIC;
	serialise_processors();
	sys_restore_signals(&before);
	protect(p->patch, p->bytes, p->protection);
	return reason;
}

/* Nobody runs padding: it can be written as it comes. It is left as it is afterwards. */
static enum plan_reason write_pad(const struct inline_patch *p)
{
	if (!p->pad || same(p->pad, p->pad_after, sizeof(p->pad_after)))
		return PLAN_NONE;
	if (!same(p->pad, p->pad_before, sizeof(p->pad_before)))
		return PLAN_CHANGED; /* another hook's: two short functions beside one gap */
	if (!protect(p->pad, sizeof(p->pad_after), PROT_READ | PROT_WRITE | PROT_EXEC))
		return PLAN_PROTECTED;
	write_plainly(p->pad, p->pad_after, sizeof(p->pad_after));
	protect(p->pad, sizeof(p->pad_after), p->protection);
	return PLAN_NONE;
}

/* ---- keeping registers ---- */

/* On the stack: the slot's address, then the function's return address. Makes a frame of the usual
 * form out of them. Vector registers by their lower halves: the runtime uses no more. */
#define KEEPER(name, restore_rax, results)							\
	__asm__(".pushsection .text\n"								\
		".hidden " #name "\n.globl " #name "\n.type " #name ", @function\n" #name ":\n"	\
		".cfi_startproc\n.cfi_def_cfa %rsp, 16\n"					\
		"push %rax\n.cfi_def_cfa_offset 24\n"						\
		"mov 8(%rsp), %rax\n"								\
		"mov %rbp, 8(%rsp)\n.cfi_offset %rbp, -16\n"					\
		"lea 8(%rsp), %rbp\n.cfi_def_cfa %rbp, 16\n"					\
		"push %rcx\npush %rdx\npush %rsi\npush %rdi\n"					\
		"push %r8\npush %r9\npush %r10\npush %r11\n"					\
		"sub $264, %rsp\n"								\
		".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"				\
		"movups %xmm\\n, 16*\\n(%rsp)\n.endr\n"						\
		"notrack call *%rax\n"								\
		".irp n, " results "2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"			\
		"movups 16*\\n(%rsp), %xmm\\n\n.endr\n"						\
		"add $264, %rsp\n"								\
		"pop %r11\npop %r10\npop %r9\npop %r8\n"					\
		"pop %rdi\npop %rsi\npop %rdx\npop %rcx\n" restore_rax "\n"			\
		"pop %rbp\n.cfi_def_cfa %rsp, 8\n"						\
		"ret\n.cfi_endproc\n.size " #name ", . - " #name "\n.popsection")

KEEPER(inline_keep_but_integer, "lea 8(%rsp), %rsp", "0,1,");
KEEPER(inline_keep_but_vector, "pop %rax", "");
KEEPER(inline_keep_all, "pop %rax", "0,1,");

/* ---- hooks ---- */

static bool has_shadow_stack(void)
{
	uint64_t top = 0;
	/* rdsspq %rax, for assemblers that do not know it; does nothing where there is none. */
	__asm__ volatile(".byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8" : "+a"(top));
	return top != 0;
}

static enum plan_reason check(const struct inline_hook *hook)
{
	const struct hook_plan *plan = hook->plan;
	if (sys_is_restricted())
		return PLAN_RESTRICTED;
	if (!plan_x86_64_is_valid(plan))
		return PLAN_BAD_PLAN;
	if (plan->flags & PLAN_PUSHES_RETURN && has_shadow_stack())
		return PLAN_SHADOW_STACK;
	if (!same(hook->bias + plan->patch, plan->expected, plan->expected_bytes))
		return PLAN_CHANGED;
	if (plan->flags & PLAN_HAS_PAD &&
	    !same(hook->bias + plan->pad, plan->pad_expected, PLAN_X86_64_JUMP_BYTES))
		return PLAN_CHANGED;
	return PLAN_NONE;
}

static enum plan_reason write_slot(const struct hook_plan *plan, const struct plan_x86_64_slot *slot)
{
	uint8_t bytes[PLAN_X86_64_SLOT_BYTES];
	if (!plan_x86_64_write_slot(plan, slot, bytes))
		return PLAN_TOO_FAR;
	/* Executable meanwhile, because of the slots beside it. */
	if (!protect(slot->at, sizeof(bytes), PROT_READ | PROT_WRITE | PROT_EXEC))
		return PLAN_PROTECTED;
	write_plainly(slot->at, bytes, sizeof(bytes));
	return protect(slot->at, sizeof(bytes), PROT_READ | PROT_EXEC) ? PLAN_NONE
								       : PLAN_PROTECTED;
}

static enum plan_reason make_jumps(struct inline_patch *p, uint64_t to)
{
	bool good = true;
	if (p->pad)
		good = plan_x86_64_jump(p->pad_after, p->pad, to) &&
		       plan_x86_64_short_jump(p->after, p->patch, p->pad);
	else
		good = plan_x86_64_jump(p->after, p->patch, to);
	return good ? PLAN_NONE : PLAN_TOO_FAR;
}

enum plan_reason inline_patch_prepare(struct inline_memory *memory, const struct inline_hook *hook,
				      struct inline_patch *out)
{
	const struct hook_plan *plan = hook->plan;
	enum plan_reason reason = check(hook);
	if (reason != PLAN_NONE)
		return reason;
	const struct plan_x86_64_slot slot = {
		.at = take_slot(memory, hook->bias + plan->low, hook->bias + plan->high),
		.bias = hook->bias,
		.hook = (uint64_t)(uintptr_t)hook->hook,
		.keeper = (uint64_t)(uintptr_t)hook->keeper,
		.point = hook->point,
		.argument = hook->argument,
	};
	if (!slot.at)
		return PLAN_NO_MEMORY;
	reason = write_slot(plan, &slot);
	if (reason != PLAN_NONE)
		return reason;
	out->original = (void *)(uintptr_t)(slot.at + PLAN_X86_64_CODE_AT);
	out->patch = hook->bias + plan->patch;
	out->pad = plan->flags & PLAN_HAS_PAD ? hook->bias + plan->pad : 0;
	out->bytes = plan->patch_bytes;
	out->displaced = plan->displaced_bytes;
	out->protection = plan->protection;
	for (unsigned i = 0; i < PLAN_X86_64_JUMP_BYTES; i++) {
		out->before[i] = plan->expected[i];
		out->pad_before[i] = plan->pad_expected[i];
	}
	return make_jumps(out, plan_x86_64_slot_entry(&slot));
}

enum plan_reason inline_patch_enable(struct inline_patch *patch, bool alone)
{
	if (same(patch->patch, patch->after, patch->bytes))
		return PLAN_NONE;
	if (sys_is_restricted())
		return PLAN_RESTRICTED;
	if (!same(patch->patch, patch->before, patch->bytes))
		return PLAN_CHANGED;
	enum plan_reason reason = write_pad(patch);
	return reason == PLAN_NONE ? write_code(patch, patch->after, alone) : reason;
}

enum plan_reason inline_patch_disable(struct inline_patch *patch, bool alone)
{
	if (same(patch->patch, patch->before, patch->bytes))
		return PLAN_NONE;
	if (sys_is_restricted())
		return PLAN_RESTRICTED;
	/* Somebody else's jump over ours must stay: it leads here. */
	if (!same(patch->patch, patch->after, patch->bytes))
		return PLAN_CHANGED;
	return write_code(patch, patch->before, alone);
}

/* crash_look.c - what a thread was doing when a signal came that ends it: crash_look() of crash.h.
 *
 * Inside the traced process, in a signal handler on a stack of the runtime's own; anything may be
 * damaged. Reads memory of the program only where the kernel says that it is readable; takes no
 * lock that this thread may have. If it crashes all the same, crash.c keeps what was found until
 * then: the surest comes first. */
#include <stddef.h>

#include "lib/blocks.h"
#include "lib/cfi.h"
#include "lib/crash.h"
#include "lib/elf_symbols.h"
#include "lib/intern.h"
#include "lib/lock.h"
#include "lib/mapped.h"
#include "lib/modules.h"
#include "lib/participant.h"
#include "lib/regions.h"
#include "lib/stack.h"
#include "lib/thread.h"
#include "wire/crashes.h"
#include "wire/findings.h"
#include "wire/roles.h"

/* How far before an address the start of a block is looked for. */
#define FAR_BYTES  (UINT64_C(64) << 20)
#define NEAR_BYTES (UINT64_C(256) << 10)

enum {
	PAGE_BYTES = 4096,
	PAGE_FAULT = 14, /* x86 */
	FAULT_WRITES = 2,
	FAULT_FETCHES = 16,
	STACK_LEAST_BYTES = 16 << 10,
	GUARD_MOST_BYTES = 1 << 20,
	FRAME_MOST_BYTES = 64 << 10,
	IN_RDX = 1,
	IN_RCX = 2,
	IN_RSI = 4,
	IN_RDI = 5,
	IN_RBP = 6,
	IN_RSP = 7,
};

/* What libc keeps of the message that it aborts with. */
struct abort_message {
	unsigned int size; /* of the mapping */
	char text[];
};

static const struct abort_message *const *abort_message;

/* Of the thread that crashes; not its own, which it may just have been working on. */
static struct stack stack;

void crash_look_begin(void)
{
	abort_message = elf_symbol_next("__abort_msg");
}

static bool is_readable(uintptr_t address, struct stack_region *region)
{
	const struct stack_region *found = regions_find(stack.regions, address);
	if (found)
		*region = *found;
	return found != NULL;
}

/* ---- the signal ---- */

static void look_at_address(struct session_crash *c, const siginfo_t *info,
			    const ucontext_t *context)
{
	const greg_t *r = context->uc_mcontext.gregs;
	bool has = (c->signal == SIGSEGV || c->signal == SIGBUS) && c->code > 0 &&
		   c->code != SI_KERNEL;
	if (!has)
		return;
	c->address = (uintptr_t)info->si_addr;
	c->flags |= CRASH_HAS_ADDRESS;
	if (r[REG_TRAPNO] != PAGE_FAULT)
		return;
	if (r[REG_ERR] & FAULT_FETCHES)
		c->flags |= CRASH_FETCHES;
	else if (r[REG_ERR] & FAULT_WRITES)
		c->flags |= CRASH_WRITES;
	if (c->address == c->registers[CRASH_IN_PC])
		c->flags |= CRASH_JUMPED;
}

/* The stack that rsp is on, or has just left at its lower end. */
static bool find_stack(const struct session_crash *c, struct stack_region *region)
{
	uintptr_t rsp = c->registers[IN_RSP];
	if (is_readable(rsp, region))
		return true;
	for (uintptr_t up = PAGE_BYTES; up <= FRAME_MOST_BYTES; up += PAGE_BYTES)
		if (is_readable(rsp + up, region))
			return true;
	return false;
}

/* Below the stack there is nothing, or what nobody may touch. */
static void look_for_overflow(struct session_crash *c, const struct stack_region *region)
{
	uintptr_t rsp = c->registers[IN_RSP], low = region->low;
	struct stack_region ignored;
	if (c->signal == SIGSEGV && c->flags & CRASH_HAS_ADDRESS && c->address < low &&
	    low - c->address <= GUARD_MOST_BYTES &&
	    rsp - low + FRAME_MOST_BYTES <= 2 * FRAME_MOST_BYTES &&
	    region->high - low >= STACK_LEAST_BYTES && !is_readable(low - 1, &ignored))
		c->flags |= CRASH_STACK_OVERFLOW;
}

static void look_for_failure(struct session_crash *c)
{
	const struct thread *t = thread_self;
	if (!t->failed_tsc || t->failed_tsc > c->tsc)
		return;
	c->flags |= CRASH_ALLOCATION_FAILED;
	c->failed_bytes = t->failed_bytes;
	c->failed_ticks = c->tsc - t->failed_tsc;
}

static void look_for_message(struct session_crash *c)
{
	struct stack_region region;
	const struct abort_message *m = abort_message ? *abort_message : NULL;
	if (c->signal != SIGABRT || !m || !is_readable((uintptr_t)m->text, &region))
		return;
	size_t room = region.high - (uintptr_t)m->text;
	if (room > sizeof(c->message) - 1)
		room = sizeof(c->message) - 1;
	for (size_t i = 0; i < room && m->text[i]; i++)
		c->message[i] = m->text[i];
}

static void look_who(struct session_crash *c)
{
	struct module_range own;
	uintptr_t pc = c->registers[CRASH_IN_PC];
	const struct thread *t = thread_self;
	/* What libc's functions do for the runtime is its own doing. */
	if ((modules_map((uintptr_t)crash_look, &own) && pc >= own.start && pc < own.end) ||
	    (t->guard == GUARD_BUSY && (uintptr_t)t->hook_frame >= c->registers[IN_RSP]))
		c->flags |= CRASH_IN_RUNTIME;
	if (thread_self->registered)
		c->slot_plus_1 = thread_self->slot + 1;
}

/* What this thread has it will not give back while it is here. */
static bool may_lock(void)
{
	const struct lock_holder *l = lock_self;
	for (unsigned i = 0; i < LOCK_RANKS; i++)
		if (l->held[i])
			return lock_is_single_threaded();
	return true;
}

/* ---- the stack ---- */

/* The code that was called is not there: the return address says who called it. */
static uint32_t capture_caller(const struct session_crash *c)
{
	uintptr_t rsp = c->registers[IN_RSP];
	const struct caller caller = { .pc = *(const uintptr_t *)rsp,
				       .rsp = rsp + 8,
				       .rbp = c->registers[IN_RBP] };
	return stack_capture(&stack, &caller, session.max_depth);
}

static uint32_t capture(const struct session_crash *c, const struct stack_region *region)
{
	uintptr_t registers[CFI_REGISTERS];
	uintptr_t rsp = c->registers[IN_RSP];
	stack_reset(&stack);
	if (c->flags & CRASH_JUMPED && rsp >= region->low && rsp + 8 <= region->high && !(rsp & 7))
		return capture_caller(c);
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		registers[i] = c->registers[i];
	/* With the frame that did not fit any more. */
	stack.regions[0] =
		(struct stack_region){ rsp < region->low ? rsp & ~(uintptr_t)7 : region->low,
				       region->high };
	return stack_capture_interrupted(&stack, registers, session.max_depth);
}

/* No module is announced from here: this thread may be in the middle of an event. */
static void look_at_stack(struct session_crash *c, const struct stack_region *region)
{
	struct thread *t = thread_self;
	uintptr_t guard = t->guard;
	if (!may_lock())
		return;
	if (guard == GUARD_BUSY)
		t->guard = GUARD_OFF;
	at_signal_fence();
	c->stack = capture(c, region);
	at_signal_fence();
	if (guard == GUARD_BUSY)
		t->guard = GUARD_BUSY;
}

/* ---- pointers ---- */

static bool is_known(const struct session_crash *c, uintptr_t block)
{
	for (uint32_t i = 0; i < c->pointer_count; i++)
		if (c->pointers[i].block == block)
			return true;
	return false;
}

/* Not of the block table: perhaps of an allocator whose functions are not hooked. */
static void look_up_region(struct session_crash *c, unsigned place, uintptr_t value)
{
	struct mapped m;
	uint32_t module;
	if (place >= CRASH_ON_STACK || !may_lock() || !mapped_find(value, &m) ||
	    is_known(c, m.low) || (module = modules_at(m.caller - 1, m.epoch)) == MODULE_ANONYMOUS)
		return;
	c->pointers[c->pointer_count++] = (struct crash_pointer){
		.value = value,
		.block = m.low,
		.size = m.high - m.low,
		.made_stack = intern_node(NODE_ROOT, modules[module].id,
					  m.caller - 1 - modules[module].bias),
		.place = (uint16_t)place,
		.made_role = ROLE_MMAP,
		.flags = CRASH_IN_REGION,
	};
}

static void look_up(struct session_crash *c, unsigned place, uintptr_t value, uint64_t most)
{
	struct block b;
	if (c->pointer_count >= CRASH_POINTERS || value < CRASH_LOW_BYTES)
		return;
	uintptr_t start = blocks_peek_around(value, most, &b);
	if (!start)
		look_up_region(c, place, value);
	if (!start || is_known(c, start))
		return;
	bool freed = block_state(&b) == BLOCK_FREED;
	uint32_t now = (uint32_t)(session_clock() >> FINDING_AGE_SHIFT);
	c->pointers[c->pointer_count++] = (struct crash_pointer){
		.value = value,
		.block = start,
		.size = block_size(&b),
		.made_stack = block_stack(&b),
		.age = (now - block_made(&b)) & ((1u << FINDING_AGE_BITS) - 1),
		.place = (uint16_t)place,
		.allocator = (uint16_t)block_allocator(&b),
		.made_slot = (uint16_t)block_slot(&b),
		.made_role = (uint8_t)block_role(&b),
		.flags = freed ? CRASH_BLOCK_FREED : 0,
		.freed_site = freed ? block_freeing_site(&b) : 0,
		.freed_slot = freed ? (uint16_t)block_freeing_slot(&b) : 0,
	};
}

/* What was passed first, then what a called function preserves. */
static void look_at_registers(struct session_crash *c)
{
	static const uint8_t order[] = { IN_RDI, IN_RSI, IN_RDX, IN_RCX, 8, 9,	3, 12,
					 13,	 14,	 15,	 IN_RBP, 0, 10, 11 };
	if (c->flags & CRASH_HAS_ADDRESS)
		look_up(c, CRASH_IN_ADDRESS, c->address, FAR_BYTES);
	for (unsigned i = 0; i < AT_COUNT_OF(order); i++)
		look_up(c, order[i], c->registers[order[i]], FAR_BYTES);
}

/* First those that are blocks' own addresses: who frees one passes that. */
static void look_at_words(struct session_crash *c, const struct stack_region *region)
{
	uintptr_t rsp = (c->registers[IN_RSP] + 7) & ~(uintptr_t)7;
	if (rsp < region->low)
		rsp = region->low;
	const uintptr_t *words = (const uintptr_t *)rsp;
	size_t count = (region->high - rsp) / sizeof(*words);
	if (count > CRASH_STACK_WORDS)
		count = CRASH_STACK_WORDS;
	for (unsigned i = 0; i < count; i++)
		look_up(c, CRASH_ON_STACK + i, words[i], 0);
	for (unsigned i = 0; i < count; i++)
		look_up(c, CRASH_ON_STACK + i, words[i], NEAR_BYTES);
}

void crash_look(struct session_crash *c, const siginfo_t *info, const ucontext_t *context)
{
	struct stack_region region = { 0, 0 };
	look_at_address(c, info, context);
	look_who(c);
	look_for_failure(c);
	look_at_registers(c);
	stack_reset(&stack);
	look_for_message(c);
	if (!find_stack(c, &region))
		return;
	look_for_overflow(c, &region);
	look_at_stack(c, &region);
	look_at_words(c, &region);
}

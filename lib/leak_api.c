/* leak_api.c - the runtime's side of what alloctrace.h says of leaks.
 *
 * Inside the traced process; called by the program, not from hooks. */
#include "base/atomics.h"
#include "lib/blocks.h"
#include "lib/function_frame.h"
#include "lib/leak_point.h"
#include "lib/leak_scope.h"
#include "lib/record.h"
#include "lib/root_regions.h"

AT_EXPORT void alloctrace_api_ignore_block(const void *p);
AT_EXPORT void alloctrace_api_leaks_off(int off);
AT_EXPORT void alloctrace_api_root_region(const void *p, size_t bytes, int on);

/* What the entry below has saved of the caller's registers. */
struct saved_registers {
	uint64_t r15, r14, r13, r12, rbx;
};

__attribute__((used)) int leak_api_check(uint64_t *numbers, unsigned count, const char *label,
					 const struct saved_registers *r, const uint64_t *frame);

/* The order of struct alloctrace_leaks; a program of another version may know fewer. */
static void hand_over(uint64_t *numbers, unsigned count, const struct session_scan *s)
{
	const uint64_t known[] = {
		s->lost_blocks - s->indirect_blocks,
		s->lost_bytes - s->indirect_bytes,
		s->indirect_blocks,
		s->indirect_bytes,
		s->possible_blocks,
		s->possible_bytes,
		s->reachable_blocks,
		s->reachable_bytes,
	};
	for (unsigned i = 0; i < count && i < AT_COUNT_OF(known); i++)
		numbers[i] = known[i];
}

static bool find_scope(const struct leak_scope **scope)
{
	struct hook h;
	if (!hook_enter(&h))
		return false;
	hook_busy(&h);
	bool known = leak_scope_find(h.thread, scope);
	hook_leave(&h);
	return known;
}

/* frame: the caller's rbp, and the return address behind it. */
int leak_api_check(uint64_t *numbers, unsigned count, const char *label,
		   const struct saved_registers *r, const uint64_t *frame)
{
	const uint64_t registers[SCAN_REGISTERS] = { r->rbx, frame[0], r->r12,
						     r->r13, r->r14,   r->r15 };
	const struct leak_scope *scope;
	struct session_scan answer;
	for (unsigned i = 0; i < count; i++)
		numbers[i] = 0;
	if (!find_scope(&scope))
		return 0;
	struct leak_point point = { .reason = SCAN_BY_API,
				    .label = label,
				    .frame = (uintptr_t)(frame + 2),
				    .registers = registers };
	if (scope) {
		point.label = label ? label : scope->label;
		point.since_tsc = scope->tsc;
		point.since_counters = (uintptr_t)scope->counters;
		point.since_slots = scope->slots;
	}
	if (!leak_point_ask(&point, &answer))
		return 0;
	hand_over(numbers, count, &answer);
	return 1;
}

void alloctrace_api_ignore_block(const void *p)
{
	struct hook h;
	if (!p || !hook_enter(&h))
		return;
	hook_busy(&h);
	blocks_ignore(BLOCK_SPACE_HEAP, (uintptr_t)p);
	hook_leave(&h);
}

/* In the child of a fork they count again. */
void alloctrace_api_leaks_off(int off)
{
	struct hook h;
	if (!hook_enter(&h))
		return;
	struct thread *t = h.thread;
	hook_busy(&h);
	if (thread_reserve(t, THREAD_ROOM) || t->ring) {
		if (off)
			t->leaks_off++;
		else if (t->leaks_off)
			t->leaks_off--;
		t->block_slot = t->slot | (t->leaks_off ? BLOCK_IGNORED_SLOT : 0);
	}
	hook_leave(&h);
}

void alloctrace_api_root_region(const void *p, size_t bytes, int on)
{
	if (!p || !bytes)
		return;
	if (on)
		root_regions_add((uintptr_t)p, bytes);
	else
		root_regions_remove((uintptr_t)p, bytes);
}

/* int alloctrace_api_leak_check(uint64_t *numbers, unsigned count, const char *label): what the
 * caller has in registers is looked through, too, and what lies below its frame is not. */
/* clang-format off */
__asm__(FUNCTION_WITH_FRAME("alloctrace_api_leak_check")
	"push %rbx\n\t"
	"push %r12\n\t"
	"push %r13\n\t"
	"push %r14\n\t"
	"push %r15\n\t"
	"mov %rsp, %rcx\n\t"
	"mov %rbp, %r8\n\t"
	"sub $8, %rsp\n\t"
	"call leak_api_check\n\t"
	FRAME_ENDS
	"ret\n\t"
	FUNCTION_ENDS("alloctrace_api_leak_check"));
/* clang-format on */

/* trace-text.c - a trace as lines that the tests read; of the blocks only those of given sizes.
 *
 *   trace-text [-c] FILE [SIZE]...
 *
 *   P index pid exe                                a process
 *   E process status                               its end; "-" if not known
 *   A slot counter process thread size role stack  an allocation of one of the sizes
 *   F slot counter process thread role inherited   its free
 *   S stack function;function;...                  frames of a stack, innermost first, at first use
 *   C thread events                                with -c, instead of A, F, S: both, by thread
 *   R role allocs frees                            totals of all blocks, by entry point
 *   L process kind count                           a loss, by the name of enum trace_loss
 *   N allocator name                               an allocator: of the heap its file, else a name
 *   W class role made argument size count outcome flags process thread stack made_stack first_site
 *     allocator                                    a wrong release; made is a role, or "-"
 *   D text                                         damage of the file
 *
 * Reads with trace/ alone, so that it also tests what `dump` and `report` build on. Every free is
 * checked to name a block that was allocated before and is not free yet (in this process). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace.h"
#include "util/mem.h"
#include "wire/findings.h"
#include "wire/roles.h"
#include "wire/session.h"

enum { BATCH = 4096, MAX_SIZES = 1024 };

/* What is known of the blocks of a slot, by counter. */
enum block_state { BLOCK_UNKNOWN = 0, BLOCK_WANTED = 1, BLOCK_FREED = 2 };

struct slot {
	uint8_t *blocks;
	size_t cap, count;
	uint32_t process, thread;
};

static struct slot *slots;
static size_t slots_cap, slots_count;
static uint8_t *stack_shown;
static size_t stack_cap;
static uint64_t sizes[MAX_SIZES];
static int size_count;
static uint64_t made[ROLE_COUNT + 1], taken[ROLE_COUNT + 1];
static uint64_t bad_frees;
static int counts_only;
static uint64_t *thread_events;
static size_t thread_cap, thread_count;

static struct slot *slot_at(uint32_t index)
{
	if (index >= slots_count) {
		slots = mem_grow(slots, &slots_cap, (size_t)index + 1, sizeof(*slots));
		memset(slots + slots_count, 0, (index + 1 - slots_count) * sizeof(*slots));
		slots_count = (size_t)index + 1;
	}
	return &slots[index];
}

static int is_wanted(uint64_t size)
{
	for (int i = 0; i < size_count; i++)
		if (sizes[i] == size)
			return 1;
	return 0;
}

static void show_frame(const struct trace_reader *r, const struct trace_node *node,
		       const char **sep)
{
	size_t count = 0;
	const struct trace_symbol *symbols =
		trace_reader_symbols(r, node->module, node->offset, &count);
	for (size_t i = 0; i < count; i++) {
		printf("%s%s", *sep, symbols[i].function ? symbols[i].function : "?");
		*sep = ";";
	}
	if (!count) {
		const struct trace_module *module = trace_reader_module(r, node->module);
		printf("%s%s+0x%" PRIx64, *sep, module->path ? module->path : "?", node->offset);
		*sep = ";";
	}
}

static void show_stack(const struct trace_reader *r, uint32_t stack)
{
	if (stack >= stack_cap) {
		size_t old = stack_cap;
		stack_shown = mem_grow(stack_shown, &stack_cap, (size_t)stack + 1, 1);
		memset(stack_shown + old, 0, stack_cap - old);
	}
	if (stack_shown[stack])
		return;
	stack_shown[stack] = 1;
	printf("S %u ", stack);
	const char *sep = "";
	uint32_t node = stack;
	for (unsigned depth = 0; node >= NODE_FIRST && depth < SESSION_MAX_DEPTH; depth++) {
		const struct trace_node *n = trace_reader_node(r, node);
		show_frame(r, n, &sep);
		node = n->parent;
	}
	printf("%s%s\n", sep, node == NODE_ROOT ? "ROOT" : node == NODE_TRUNCATED ? "TRUNCATED" :
								      "UNKNOWN");
}

static void count_event(uint32_t thread)
{
	if (thread >= thread_count) {
		thread_events = mem_grow(thread_events, &thread_cap, (size_t)thread + 1,
					 sizeof(*thread_events));
		memset(thread_events + thread_count, 0,
		       (thread + 1 - thread_count) * sizeof(*thread_events));
		thread_count = (size_t)thread + 1;
	}
	thread_events[thread]++;
}

static void show_alloc(const struct trace_reader *r, const struct trace_event *e)
{
	struct slot *s = slot_at(e->slot);
	made[e->role < ROLE_COUNT ? e->role : ROLE_COUNT]++;
	if (e->counter >= s->count) {
		s->blocks = mem_grow(s->blocks, &s->cap, e->counter + 1, 1);
		memset(s->blocks + s->count, 0, e->counter + 1 - s->count);
		s->count = e->counter + 1;
	}
	s->blocks[e->counter] = BLOCK_UNKNOWN;
	if (!is_wanted(e->size))
		return;
	s->blocks[e->counter] = BLOCK_WANTED;
	if (counts_only) {
		count_event(s->thread);
		return;
	}
	show_stack(r, e->stack);
	printf("A %u %" PRIu64 " %u %u %" PRIu64 " %s %u\n", e->slot, e->counter, s->process,
	       s->thread, e->size, role_symbol(e->role), e->stack);
}

static void show_free(const struct trace_event *e, int inherited)
{
	struct slot *s = slot_at(e->block_slot), *by = slot_at(e->slot);
	taken[e->role < ROLE_COUNT ? e->role : ROLE_COUNT]++;
	if (e->counter >= s->count || (!inherited && s->blocks[e->counter] & BLOCK_FREED)) {
		bad_frees++;
		return;
	}
	if (!inherited)
		s->blocks[e->counter] |= BLOCK_FREED;
	if (!(s->blocks[e->counter] & BLOCK_WANTED))
		return;
	if (counts_only)
		count_event(by->thread);
	else
		printf("F %u %" PRIu64 " %u %u %s %d\n", e->block_slot, e->counter, by->process,
		       by->thread, role_symbol(e->role), inherited);
}

static const char *class_word(unsigned class)
{
	static const char *const words[] = {
#define FINDING(id, word, group, text) word,
#include "wire/findings.def"
#undef FINDING
	};
	return class < sizeof(words) / sizeof(words[0]) ? words[class] : "?";
}

static const char *outcome_word(unsigned outcome)
{
	static const char *const words[] = { "handed-on", "to-owner", "swallowed", "aborted" };
	return outcome < sizeof(words) / sizeof(words[0]) ? words[outcome] : "?";
}

static const char *why_word(unsigned kind)
{
	static const char *const words[] = {
#define WHY(id, word) word,
#include "wire/whys.def"
#undef WHY
	};
	return kind < sizeof(words) / sizeof(words[0]) ? words[kind] : "?";
}

static void show_finding(const struct trace_reader *r, uint32_t number)
{
	const struct trace_finding *f = trace_reader_finding(r, number);
	show_stack(r, f->stack);
	show_stack(r, f->made_stack);
	show_stack(r, f->first_site);
	printf("W %s %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %s %u %u %u %u %u %u %u %s %s %s\t%s\n",
	       class_word(f->class), role_symbol(f->role),
	       f->flags & FINDING_HAS_BLOCK ? role_symbol(f->made_role) : "-", f->argument, f->size,
	       f->count, outcome_word(f->outcome), f->flags, f->process, f->thread, f->stack,
	       f->made_stack, f->first_site, f->allocator, f->why ? why_word(f->why_kind) : "-",
	       f->why ? why_word(f->made_why_kind) : "-", f->why ? f->why : "", f->why ? f->fix : "");
}

static void show_event(const struct trace_reader *r, const struct trace_event *e)
{
	static const char *const losses[] = { "allocs", "frees", "untracked", "nested", "no-ring",
					      "cut",	"damaged", "findings",
					      "unjudged" };
	switch ((enum trace_op)e->op) {
	case TRACE_ALLOC:
		show_alloc(r, e);
		break;
	case TRACE_FREE:
	case TRACE_FREE_INHERITED:
		show_free(e, e->op == TRACE_FREE_INHERITED);
		break;
	case TRACE_PROCESS_START:
		printf("P %u %u %s\n", e->process, trace_reader_process(r, e->process)->pid,
		       trace_reader_process(r, e->process)->exe);
		break;
	case TRACE_PROCESS_END:
		printf("E %u ", e->process);
		if (e->value == TRACE_STATUS_UNKNOWN)
			printf("-\n");
		else
			printf("%" PRIu64 "\n", e->value);
		break;
	case TRACE_THREAD_START:
		slot_at(e->slot)->process = e->process;
		slot_at(e->slot)->thread = e->thread;
		break;
	case TRACE_LOSS:
		printf("L %u %s %" PRIu64 "\n", e->process,
		       e->role < sizeof(losses) / sizeof(losses[0]) ? losses[e->role] : "?",
		       e->value);
		break;
	case TRACE_FINDING:
		show_finding(r, (uint32_t)e->value);
		break;
	default:
		break;
	}
}

static void show_totals(const struct trace_reader *r)
{
	for (uint32_t i = 0; i < trace_reader_allocator_count(r); i++)
		printf("N %u %s\n", i, trace_reader_allocator(r, i)->name);
	for (size_t thread = 0; thread < thread_count; thread++)
		if (thread_events[thread])
			printf("C %zu %" PRIu64 "\n", thread, thread_events[thread]);
	for (unsigned role = 0; role <= ROLE_COUNT; role++)
		if (made[role] || taken[role])
			printf("R %s %" PRIu64 " %" PRIu64 "\n", role_symbol(role), made[role],
			       taken[role]);
	if (bad_frees)
		printf("D %" PRIu64 " frees of blocks that are not there or free already\n",
		       bad_frees);
	if (trace_reader_damage(r))
		printf("D %s\n", trace_reader_damage(r));
}

static int fail(const struct err *err)
{
	fprintf(stderr, "trace-text: %s\n", err->text);
	return 2;
}

int main(int argc, char **argv)
{
	static struct trace_event events[BATCH];
	struct err err = { "" };
	if (argc > 1 && strcmp(argv[1], "-c") == 0) {
		counts_only = 1;
		argc--;
		argv++;
	}
	for (int i = 2; i < argc && size_count < MAX_SIZES; i++)
		sizes[size_count++] = strtoull(argv[i], NULL, 10);
	/* The symbols come at the end of the file: read once for them, once for the events. */
	struct trace_reader *r = argc > 1 ? trace_reader_open(argv[1], &err) : NULL;
	if (!r || trace_reader_load_tables(r, &err) < 0)
		return fail(&err);
	long n;
	while ((n = trace_reader_next(r, events, BATCH, &err)) > 0)
		for (long i = 0; i < n; i++)
			show_event(r, &events[i]);
	if (n < 0)
		return fail(&err);
	show_totals(r);
	trace_reader_close(r);
	return 0;
}

/* fake_writer.c - see fake_writer.h. */
#include "tests/collect/fake_writer.h"

#include <stdlib.h>
#include <string.h>

#include "tests/trace/check.h"
#include "util/mem.h"
#include "wire/crashes.h"
#include "wire/findings.h"
#include "wire/roles.h"

struct trace_writer *fake_writer_new(void)
{
	struct trace_writer *w = mem_zalloc(1, sizeof(*w));
	w->node_count = NODE_FIRST;
	w->last_slot = UINT32_MAX;
	return w;
}

void fake_writer_free(struct trace_writer *w)
{
	for (uint32_t i = 0; i < SESSION_MAX_RINGS; i++)
		free(w->slots[i].freed);
	free(w);
}

static void log_event(struct trace_writer *w, const struct trace_event *event)
{
	if (w->logged < FAKE_LOG_EVENTS) {
		w->log[w->logged] = *event;
		w->log[w->logged++].time_ns = w->time_ns;
	}
}

static struct fake_slot *used_slot(struct trace_writer *w, uint32_t slot)
{
	CHECK(slot < SESSION_MAX_RINGS, "slot %u", slot);
	CHECK(w->slots[slot].owned, "slot %u has no thread", slot);
	w->slot_changes += slot != w->last_slot;
	w->last_slot = slot;
	return &w->slots[slot];
}

void trace_writer_fact(struct trace_writer *w, const char *key, const char *value)
{
	(void)w;
	CHECK(*key && value, "a fact needs key and value");
}

void trace_writer_module(struct trace_writer *w, const struct trace_module *module)
{
	CHECK(module->build_id_bytes <= SESSION_BUILD_ID_BYTES, "build id too long");
	CHECK(strlen(module->path) < SESSION_MODULE_PATH_BYTES, "path not ended");
	w->module_count++;
}

void trace_writer_node(struct trace_writer *w, const struct trace_node *node)
{
	CHECK(node->parent < w->node_count, "node %u before its parent", w->node_count);
	CHECK(node->module == TRACE_NO_MODULE || node->module < w->module_count,
	      "node %u before its module", w->node_count);
	w->unknown_nodes += node->module == TRACE_NO_MODULE && node->parent == NODE_UNKNOWN;
	w->node_count++;
}

void trace_writer_process(struct trace_writer *w, const struct trace_process *process)
{
	CHECK(process->parent == TRACE_NO_PROCESS || process->parent < w->process_count,
	      "process before its parent");
	CHECK(strlen(process->exe) < sizeof(((struct session_process *)0)->exe), "exe not ended");
	w->process_count++;
}

void trace_writer_allocator(struct trace_writer *w, uint32_t index,
			    const struct trace_allocator *allocator)
{
	(void)w;
	CHECK(index < TRACE_MAX_ALLOCATORS && allocator->name, "allocator");
}

void trace_writer_thread(struct trace_writer *w, uint32_t thread,
			 const struct trace_thread *record)
{
	CHECK(thread < w->thread_count && record->process < w->process_count, "thread");
}

static bool is_thread(const struct trace_writer *w, uint32_t thread)
{
	return thread == TRACE_NO_THREAD || thread < w->thread_count;
}

static void check_pointer(const struct trace_writer *w, const struct trace_crash_pointer *p)
{
	CHECK(p->place < CRASH_PLACES && p->made_role < ROLE_COUNT && p->allocator < TRACE_MAX_ALLOCATORS,
	      "what is pointed to in a crash");
	CHECK(p->made_stack < w->node_count && p->freed_site < w->node_count, "nodes of a pointer");
	CHECK(is_thread(w, p->made_thread) && is_thread(w, p->freed_thread), "threads of a pointer");
}

void trace_writer_crash(struct trace_writer *w, const struct trace_crash *crash)
{
	CHECK(crash->stack < w->node_count && is_thread(w, crash->thread) &&
		      (crash->process == TRACE_NO_PROCESS || crash->process < w->process_count),
	      "who is named in a crash");
	CHECK(crash->pointer_count <= CRASH_POINTERS && strlen(crash->message) < CRASH_MESSAGE_BYTES,
	      "what is told of a crash");
	for (uint32_t i = 0; i < crash->pointer_count; i++)
		check_pointer(w, &crash->pointers[i]);
	w->crash_count++;
}

void trace_writer_finding(struct trace_writer *w, uint32_t number,
			  const struct trace_finding *finding)
{
	CHECK(number <= w->finding_count && number < SESSION_MAX_FINDINGS, "a finding's number");
	CHECK(finding->class < FINDING_CLASSES && finding->role < ROLE_COUNT &&
		      finding->made_role < ROLE_COUNT,
	      "what a finding is");
	CHECK(finding->stack < w->node_count && finding->made_stack < w->node_count &&
		      finding->first_site < w->node_count,
	      "nodes of a finding");
	CHECK(finding->process < w->process_count && is_thread(w, finding->thread) &&
		      is_thread(w, finding->made_thread) && is_thread(w, finding->first_thread),
	      "who is named in a finding");
	w->finding_count += number == w->finding_count;
	w->findings[number] = *finding;
}

void trace_writer_time(struct trace_writer *w, uint64_t time_ns)
{
	if (time_ns > w->time_ns)
		w->time_ns = time_ns;
}

void trace_writer_alloc(struct trace_writer *w, uint32_t slot, unsigned role, unsigned flags,
			uint32_t stack, uint64_t size, uint32_t allocator)
{
	struct fake_slot *s = used_slot(w, slot);
	CHECK(role < ROLE_COUNT && flags < 64 && allocator < TRACE_MAX_ALLOCATORS, "attributes");
	CHECK(stack < w->node_count, "node %u has not been written", stack);
	s->freed = mem_grow(s->freed, &s->cap, s->counter + 1, 1);
	s->freed[s->counter++] = 0;
	w->allocs++;
	struct trace_event event = { .op = TRACE_ALLOC, .slot = slot, .stack = stack,
				     .size = size, .counter = s->counter - 1 };
	log_event(w, &event);
}

void trace_writer_free(struct trace_writer *w, uint32_t slot, unsigned role, unsigned flags,
		       uint32_t site, uint32_t block_slot, uint64_t counter, bool inherited)
{
	used_slot(w, slot);
	CHECK(role < ROLE_COUNT && flags < 64 && site < w->node_count, "attributes");
	CHECK(block_slot < SESSION_MAX_RINGS, "block slot");
	struct fake_slot *block = &w->slots[block_slot];
	CHECK(counter < block->counter, "free of (%u, %llu) before its allocation", block_slot,
	      (unsigned long long)counter);
	CHECK(inherited || w->hostile || !block->freed[counter], "(%u, %llu) freed twice",
	      block_slot, (unsigned long long)counter);
	block->freed[counter] |= !inherited;
	w->frees += !inherited;
	w->inherited += inherited;
	struct trace_event event = { .op = inherited ? TRACE_FREE_INHERITED : TRACE_FREE,
				     .slot = slot, .stack = site, .block_slot = block_slot,
				     .counter = counter };
	log_event(w, &event);
}

static void take_thread_start(struct trace_writer *w, const struct trace_event *event)
{
	CHECK(event->slot < SESSION_MAX_RINGS && !w->slots[event->slot].owned, "slot is taken");
	CHECK(event->thread == w->thread_count && event->process < w->process_count, "thread");
	w->slots[event->slot].owned = true;
	w->slots[event->slot].thread = event->thread;
	w->thread_count++;
}

void trace_writer_event(struct trace_writer *w, const struct trace_event *event)
{
	switch (event->op) {
	case TRACE_THREAD_START:
		take_thread_start(w, event);
		break;
	case TRACE_THREAD_END:
		CHECK(w->slots[event->slot].owned, "thread ends twice");
		CHECK(w->slots[event->slot].thread == event->thread, "another thread ends");
		w->slots[event->slot].owned = false;
		w->thread_ends++;
		break;
	case TRACE_LOSS:
		CHECK(event->role < TRACE_LOSS_COUNT && event->process < w->process_count, "loss");
		w->losses[event->role] += event->value;
		break;
	case TRACE_PROCESS_START:
		CHECK(event->process == w->process_count - 1, "process");
		break;
	case TRACE_PROCESS_END:
		CHECK(event->process < w->process_count, "process");
		w->process_ends++;
		break;
	case TRACE_MODULE:
		CHECK(event->module < w->module_count && event->process < w->process_count,
		      "module");
		break;
	case TRACE_MARK:
		CHECK(strlen(event->text) <= 120, "text");
		w->marks++;
		break;
	case TRACE_MAP:
		CHECK(event->stack < w->node_count, "stack");
		w->maps++;
		break;
	case TRACE_FINDING:
		CHECK(event->value < w->finding_count, "finding");
		break;
	default:
		CHECK(false, "op %u", event->op);
	}
	log_event(w, event);
}

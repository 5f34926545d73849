/* protocol.c - the collector against well-behaved producers, one behaviour per test. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomics.h"
#include "tests/collect/rig.h"
#include "wire/findings.h"
#include "wire/roles.h"

static void free_waits_for_its_allocation(void)
{
	struct rig r;
	rig_open(&r);
	uint32_t process = rig_process(&r);
	struct producer a = rig_producer(&r, process), b = rig_producer(&r, process),
			c = rig_producer(&r, process);
	a.manual_ticks = b.manual_ticks = c.manual_ticks = true;
	uint64_t now = clock_tsc() - 1000000;
	/* By the clocks, every free comes long before its allocation. */
	producer_tick(&a, now + 3000);
	producer_tick(&b, now + 2000);
	producer_tick(&c, now + 1000);
	struct block_name x = producer_alloc(&a, 1, NODE_ROOT);
	producer_free(&b, x, NODE_ROOT);
	struct block_name y = producer_alloc(&b, 2, NODE_ROOT);
	producer_free(&c, y, NODE_ROOT);
	collector_pass(&r.collector);
	CHECK(r.writer->allocs == 2 && r.writer->frees == 2, "all is there");
	CHECK(r.writer->losses[TRACE_LOSS_UNTRACKED_FREES] == 0, "nothing lost");
	rig_close(&r);
}

static void free_of_a_thread_not_yet_seen(void)
{
	struct rig r;
	rig_open(&r);
	uint32_t process = rig_process(&r);
	struct producer a = rig_producer(&r, process);
	collector_pass(&r.collector);
	/* A pass looks at the rings in turn; this one is claimed behind its back. */
	struct producer b = rig_producer(&r, process);
	at_store_relaxed(&r.session.header->ring_count, 1u);
	producer_free(&a, producer_alloc(&b, 8, NODE_ROOT), NODE_ROOT);
	collector_pass(&r.collector);
	CHECK(r.writer->allocs == 1 && r.writer->frees == 1, "the ring was drained when needed");
	rig_close(&r);
}

static void circular_needs_end(void)
{
	struct rig r;
	rig_open(&r);
	uint32_t process = rig_process(&r);
	struct producer a = rig_producer(&r, process), b = rig_producer(&r, process);
	producer_free(&a, (struct block_name){ b.slot, 0 }, NODE_ROOT);
	producer_alloc(&a, 1, NODE_ROOT);
	producer_free(&b, (struct block_name){ a.slot, 0 }, NODE_ROOT);
	producer_alloc(&b, 1, NODE_ROOT);
	producer_free(&a, (struct block_name){ a.slot, 77 }, NODE_ROOT);
	collector_pass(&r.collector);
	CHECK(r.writer->allocs == 2 && r.writer->frees == 1, "%llu frees",
	      (unsigned long long)r.writer->frees);
	processes_note_end(&r.collector.processes, process, 0);
	collector_pass(&r.collector);
	CHECK(r.writer->losses[TRACE_LOSS_UNTRACKED_FREES] == 2, "two could not be");
	CHECK(r.writer->process_ends == 1 && r.writer->thread_ends == 2, "ended");
	rig_close(&r);
}

static void threads_are_merged_by_time(void)
{
	struct rig r;
	rig_open(&r);
	uint32_t process = rig_process(&r);
	struct producer p[3];
	const uint64_t far = 10 * clock_ticks(&r.collector.clock, 10000);
	uint64_t start = clock_tsc();
	for (unsigned i = 0; i < 3; i++) {
		p[i] = rig_producer(&r, process);
		p[i].manual_ticks = true;
	}
	for (unsigned round = 0; round < 30; round++) {
		unsigned who = (round * 2) % 3;
		producer_tick(&p[who], start + round * far);
		producer_alloc(&p[who], round, NODE_ROOT);
	}
	while (clock_tsc() < start + 31 * far)
		;
	collector_pass(&r.collector);
	uint64_t next = 0;
	for (size_t i = 0; i < r.writer->logged; i++)
		if (r.writer->log[i].op == TRACE_ALLOC)
			CHECK(r.writer->log[i].size == next++, "event %zu is out of order", i);
	CHECK(next == 30, "all are there");
	rig_close(&r);
}

static void later_than_the_pass_waits_once(void)
{
	struct rig r;
	rig_open(&r);
	struct producer p = rig_producer(&r, rig_process(&r));
	p.manual_ticks = true;
	producer_tick(&p, clock_tsc() + (UINT64_C(1) << 50));
	producer_alloc(&p, 5, NODE_ROOT);
	collector_pass(&r.collector);
	CHECK(r.writer->allocs == 0, "its time has not come");
	collector_pass(&r.collector);
	CHECK(r.writer->allocs == 1, "a stamp that is wrong holds nothing up");
	producer_tick(&p, clock_tsc());
	producer_alloc(&p, 5, NODE_ROOT);
	collector_pass(&r.collector);
	CHECK(r.writer->allocs == 2 && r.writer->time_ns <= r.collector.clock.now_ns, "time");
	uint64_t before = r.writer->time_ns, later = clock_monotonic_ns() + 2000000;
	while (clock_monotonic_ns() < later)
		;
	producer_tick(&p, clock_tsc());
	producer_alloc(&p, 5, NODE_ROOT);
	collector_pass(&r.collector);
	CHECK(r.writer->time_ns > before + 1000000, "the clock goes on");
	rig_close(&r);
}

static void stale_stamp_does_no_harm(void)
{
	struct rig r;
	rig_open(&r);
	struct producer p = rig_producer(&r, rig_process(&r));
	producer_alloc(&p, 5, NODE_ROOT);
	collector_pass(&r.collector);
	collector_pass(&r.collector); /* sees the ring empty */
	uint64_t empty_ns = r.collector.clock.now_ns;
	producer_alloc(&p, 6, NODE_ROOT); /* has the stamp of the one before */
	collector_pass(&r.collector);
	const struct trace_event *last = &r.writer->log[r.writer->logged - 1];
	CHECK(last->size == 6 && last->time_ns + 10000 >= empty_ns, "not before it was empty");
	rig_close(&r);
}

static void words_wrap_around(void)
{
	struct rig r;
	rig_open(&r);
	struct producer p = rig_producer(&r, rig_process(&r));
	const unsigned rounds = 40, batch = 5000;
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned k = 0; k < batch; k++) {
			producer_free(&p, producer_alloc(&p, k, NODE_ROOT), NODE_ROOT);
			if (k % 1000 == 0)
				producer_mark(&p, "a mark that is longer than a word");
		}
		collector_pass(&r.collector);
	}
	CHECK(p.head > 10 * (p.mask + 1), "it wrapped");
	CHECK(r.writer->allocs == rounds * batch && r.writer->frees == rounds * batch, "all");
	CHECK(r.writer->marks == rounds * 5, "marks too");
	rig_close(&r);
}

static void nodes_come_first(void)
{
	struct rig r;
	rig_open(&r);
	struct producer p = rig_producer(&r, rig_process(&r));
	uint32_t exe = producer_module(&r.session, "/bin/a"),
		 lib = producer_module(&r.session, "/lib/b");
	uint32_t main_node = producer_node(&r.session, NODE_ROOT, lib, 100);
	uint32_t leaf = producer_node(&r.session, main_node, exe, 200);
	producer_alloc(&p, 1, leaf);
	collector_pass(&r.collector);
	CHECK(r.writer->node_count == NODE_FIRST + 2 && r.writer->module_count == 2, "written");
	CHECK(r.collector.tables.modules[0] == lib, "modules in the order of use");
	rig_close(&r);
}

static void a_hole_among_the_nodes_is_skipped(void)
{
	struct rig r;
	rig_open(&r);
	struct producer p = rig_producer(&r, rig_process(&r));
	uint32_t hole = at_add_relaxed(&r.session.header->node_count, 1u);
	uint32_t module = producer_module(&r.session, "/bin/a");
	uint32_t child = producer_node(&r.session, hole, module, 1);
	producer_alloc(&p, 1, child);
	uint64_t began = clock_monotonic_ns();
	collector_pass(&r.collector);
	CHECK(r.writer->allocs == 1 && r.writer->unknown_nodes == 1, "a node nobody filled in");
	CHECK(clock_monotonic_ns() - began < 1000000000, "not waited for long");
	rig_close(&r);
}

static void *late_filler(void *context)
{
	struct rig *r = context;
	struct timespec soon = { .tv_nsec = 3000000 };
	nanosleep(&soon, NULL);
	at_store_release(&r->session.nodes[NODE_FIRST].ready, (uint16_t)1);
	return NULL;
}

static void a_node_being_filled_in_is_waited_for(void)
{
	struct rig r;
	rig_open(&r);
	struct producer p = rig_producer(&r, rig_process(&r));
	uint32_t module = producer_module(&r.session, "/bin/a");
	at_add_relaxed(&r.session.header->node_count, 1u);
	r.session.nodes[NODE_FIRST].module = (uint16_t)module;
	producer_alloc(&p, 1, producer_node(&r.session, NODE_ROOT, module, 1));
	pthread_t thread;
	CHECK(pthread_create(&thread, NULL, late_filler, &r) == 0, "thread");
	collector_pass(&r.collector);
	CHECK(r.writer->unknown_nodes == 0 && r.writer->node_count == NODE_FIRST + 2, "waited");
	pthread_join(thread, NULL);
	rig_close(&r);
}

static void a_forked_child_frees_what_it_inherited(void)
{
	struct rig r;
	rig_open(&r);
	uint32_t parent = rig_process(&r);
	struct producer p = rig_producer(&r, parent);
	struct block_name block = producer_alloc(&p, 1, NODE_ROOT);
	uint32_t child = producer_process(&r.session, 0, PROCESS_FROM_FORK, parent);
	uint32_t stranger = producer_process(&r.session, 0, PROCESS_FROM_EXEC, parent);
	struct producer q = rig_producer(&r, child), s = rig_producer(&r, stranger);
	producer_free(&q, block, NODE_ROOT);
	producer_free(&s, block, NODE_ROOT);
	producer_free(&p, block, NODE_ROOT);
	struct block_name own = producer_alloc(&q, 2, NODE_ROOT);
	uint32_t grandchild = producer_process(&r.session, 0, PROCESS_FROM_FORK, child);
	struct producer g = rig_producer(&r, grandchild);
	producer_free(&g, block, NODE_ROOT);
	producer_free(&g, own, NODE_ROOT);
	collector_pass(&r.collector);
	CHECK(r.writer->frees == 1 && r.writer->inherited == 3, "%llu inherited",
	      (unsigned long long)r.writer->inherited);
	CHECK(r.collector.processes.notes[stranger].untracked_frees == 1, "not the stranger's");
	rig_close(&r);
}

static void a_new_owner_goes_on_counting(void)
{
	struct rig r;
	rig_open(&r);
	uint32_t first = producer_process(&r.session, 1, PROCESS_FROM_EXEC, UINT32_MAX);
	struct producer p = rig_producer(&r, first);
	struct block_name old = producer_alloc(&p, 1, NODE_ROOT);
	/* Killed between counting an allocation and publishing it. */
	at_store_relaxed(&p.ring->counter, p.counter + 1);
	collector_pass(&r.collector);
	processes_note_end(&r.collector.processes, first, 9);
	collector_pass(&r.collector);
	CHECK(r.writer->thread_ends == 1 && r.writer->process_ends == 1, "ended");
	uint32_t second = producer_process(&r.session, 1, PROCESS_FROM_FORK, first);
	struct producer q = rig_producer(&r, second);
	CHECK(q.slot == p.slot && q.counter == 1, "the slot is used again, from counter 1");
	struct block_name fresh = producer_alloc(&q, 2, NODE_ROOT);
	producer_free(&q, fresh, NODE_ROOT);
	producer_free(&q, old, NODE_ROOT);
	collector_pass(&r.collector);
	CHECK(r.writer->allocs == 2 && r.writer->frees == 1 && r.writer->inherited == 1, "names");
	rig_close(&r);
}

static void all_records_taken(void)
{
	struct rig r;
	rig_open(&r);
	for (uint32_t i = 0; i < SESSION_MAX_PROCESSES; i++)
		CHECK(producer_process(&r.session, i, PROCESS_FROM_EXEC, UINT32_MAX) == i, "%u", i);
	for (int i = 0; i < 3; i++)
		CHECK(producer_process(&r.session, 1, PROCESS_FROM_EXEC, UINT32_MAX) == UINT32_MAX,
		      "there is no more");
	at_store_relaxed(&r.session.processes[77].state, (uint32_t)PROCESS_UNUSED);
	CHECK(producer_process(&r.session, 78, PROCESS_FROM_EXEC, UINT32_MAX) == 77,
	      "all are tried");
	rig_close(&r);
}

/* A child of fork() ends without having freed anything; its record is used by a later one. */
static void process_records_are_used_again(void)
{
	struct rig r;
	rig_open(&r);
	for (unsigned i = 0; i < 3 * SESSION_MAX_PROCESSES; i++) {
		uint32_t index = producer_process(&r.session, i, PROCESS_FROM_EXEC, UINT32_MAX);
		CHECK(index < SESSION_MAX_PROCESSES, "no record is free after %u", i);
		processes_look(&r.collector.processes);
		processes_note_end(&r.collector.processes, index, 0);
		if (i % 64 == 0)
			collector_finish_ended(&r.collector);
	}
	collector_finish_ended(&r.collector);
	CHECK(r.writer->process_count == 3 * SESSION_MAX_PROCESSES, "%u", r.writer->process_count);
	CHECK(r.writer->process_ends == r.writer->process_count, "all ended");
	rig_close(&r);
}

/* An end that is told late, or twice, is not that of the process that has the record by now. */
static void a_late_end_spares_the_next_process(void)
{
	struct rig r;
	rig_open(&r);
	struct processes *p = &r.collector.processes;
	uint32_t index = producer_process(&r.session, 1000, PROCESS_FROM_EXEC, UINT32_MAX);
	processes_note_image_end(p, index, 999);
	collector_pass(&r.collector);
	CHECK(r.writer->process_count == 1 && r.writer->process_ends == 0, "another pid");
	processes_note_image_end(p, index, 1000);
	collector_pass(&r.collector);
	CHECK(r.writer->process_ends == 1, "its own");
	/* The record is claimed again, but not filled in yet. */
	for (uint32_t i = 0; i <= SESSION_MAX_PROCESSES / 2; i++)
		processes_note_end(
			p, producer_process(&r.session, 1, PROCESS_FROM_EXEC, UINT32_MAX), 0);
	collector_pass(&r.collector);
	CHECK(r.session.processes[index].state == PROCESS_UNUSED, "the record is free again");
	at_store_relaxed(&r.session.processes[index].state, (uint32_t)PROCESS_CLAIMED);
	processes_note_image_end(p, index, 1000);
	CHECK(r.session.processes[index].state == PROCESS_CLAIMED, "and stays the next one's");
	rig_close(&r);
}

static struct finding a_double_free(const struct producer *p, uint32_t number, uint32_t node)
{
	return (struct finding){ .number = number,
				 .class = FINDING_DOUBLE,
				 .role = ROLE_FREE,
				 .outcome = FINDING_SWALLOWED,
				 .flags = FINDING_HAS_BLOCK | FINDING_WAS_FREED,
				 .made_role = ROLE_MALLOC,
				 .first_slot = (uint16_t)p->slot,
				 .made_slot = (uint16_t)p->slot,
				 .first_site = NODE_ROOT,
				 .stack = node,
				 .made_stack = node,
				 .age = 3,
				 .address = 0x1000,
				 .size = 24 };
}

static void put_finding(struct producer *p, const struct finding *f)
{
	uint64_t words[EVENT_FINDING_WORDS];
	finding_to_words(f, words);
	producer_put(p, words, EVENT_FINDING_WORDS);
}

static void findings_are_counted_at_the_end(void)
{
	struct rig r;
	rig_open(&r);
	struct producer p = rig_producer(&r, rig_process(&r));
	uint32_t module = producer_module(&r.session, "/bin/a");
	uint32_t node = producer_node(&r.session, NODE_ROOT, module, 0x10);
	struct finding f = a_double_free(&p, 77, node);
	put_finding(&p, &f);
	put_finding(&p, &f); /* told twice: the second adds nothing */
	f.number = 5;
	f.class = FINDING_UNKNOWN;
	f.flags = 0;
	put_finding(&p, &f);
	collector_pass(&r.collector);
	r.session.findings[77].count = 300;
	r.session.findings[5].count = 1;
	r.session.findings[6].count = 2; /* whose event was lost */
	CHECK(r.writer->finding_count == 2 && r.writer->findings[0].count == 1, "two findings");
	CHECK(finding_log_end(&r.collector.findings) == 2, "those that were not told");
	const struct trace_finding *a = &r.writer->findings[0], *b = &r.writer->findings[1];
	const uint64_t tick_ns = clock_duration_ns(&r.collector.clock, 1 << FINDING_AGE_SHIFT);
	CHECK(a->count == 300 && b->count == 1, "counts");
	CHECK(a->class == FINDING_DOUBLE && a->outcome == FINDING_SWALLOWED && a->size == 24 &&
		      a->made_thread == 0 && a->first_thread == 0 && a->stack == node &&
		      a->made_stack == node && a->age_ns == 3 * tick_ns && a->address == 0x1000,
	      "a double free");
	CHECK(b->class == FINDING_UNKNOWN && b->size == 0 && b->made_stack == NODE_ROOT &&
		      b->made_thread == TRACE_NO_THREAD && b->stack == node,
	      "an unknown address has no block");
	rig_close(&r);
}

static void a_finding_that_cannot_be_ends_its_ring(void)
{
	struct finding sound = { .number = 1 };
	struct finding wrong[9];
	for (unsigned i = 0; i < 9; i++)
		wrong[i] = sound;
	wrong[0].number = SESSION_MAX_FINDINGS;
	wrong[1].class = FINDING_CLASSES;
	wrong[2].role = ROLE_COUNT;
	wrong[3].made_role = ROLE_COUNT;
	wrong[4].outcome = FINDING_ABORTED + 1;
	wrong[5].flags = 8;
	wrong[6].stack = 1000;
	wrong[7].made_slot = SESSION_MAX_RINGS;
	wrong[8].first_site = 1000;
	for (unsigned i = 0; i < 9; i++) {
		struct rig r;
		rig_open(&r);
		r.collector.tables.waited_ns = UINT64_MAX / 2;
		struct producer p = rig_producer(&r, rig_process(&r));
		put_finding(&p, &sound);
		put_finding(&p, &wrong[i]);
		collector_pass(&r.collector);
		CHECK(r.writer->finding_count == 1 && r.collector.slots.items[p.slot].damaged,
		      "wrong finding %u", i);
		rig_close(&r);
	}
}

int main(void)
{
	free_waits_for_its_allocation();
	free_of_a_thread_not_yet_seen();
	circular_needs_end();
	threads_are_merged_by_time();
	later_than_the_pass_waits_once();
	stale_stamp_does_no_harm();
	words_wrap_around();
	nodes_come_first();
	a_hole_among_the_nodes_is_skipped();
	a_node_being_filled_in_is_waited_for();
	a_forked_child_frees_what_it_inherited();
	a_new_owner_goes_on_counting();
	all_records_taken();
	process_records_are_used_again();
	a_late_end_spares_the_next_process();
	findings_are_counted_at_the_end();
	a_finding_that_cannot_be_ends_its_ring();
	return 0;
}

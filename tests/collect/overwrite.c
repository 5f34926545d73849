/* overwrite.c - the collector against a program that writes over the shared memory.
 *
 * usage: overwrite [SEED [ROUNDS]]. Whatever is in there, the collector must not crash, hang or
 * read outside of it (build with --enable-sanitizers), and what the checking writer gets must make
 * sense; a sound thread beside the damaged ones must not lose anything. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/atomics.h"
#include "tests/collect/rig.h"
#include "wire/crashes.h"
#include "wire/findings.h"
#include "wire/roles.h"

enum { ROUNDS = 300, DAMAGED = 3, SOUND_EVENTS = 40 };

/* Of all sessions: to see that the damage goes deep enough. */
static uint64_t events, losses, untracked, findings, crashes;

struct scene {
	struct rig *rig;
	struct rng rng;
	struct producer damaged[DAMAGED];
	uint32_t process;
};

static uint64_t any_word(struct rng *rng)
{
	uint64_t word = rng_next(rng);
	switch (rng_below(rng, 6)) {
	case 0:
		return word;
	case 1:
		return word >> rng_below(rng, 64);
	case 2:
		return word & ~UINT64_C(15);
	case 3: /* likely an event */
		return event_word((enum event_kind)rng_below(rng, 8), (unsigned)rng_below(rng, 48),
				  (unsigned)rng_below(rng, 4), rng_below(rng, 64));
	case 4: /* likely (slot, node) */
		return rng_below(rng, 8) << 32 | rng_below(rng, 8);
	default:
		return event_text_word(EVENT_MARK, (unsigned)rng_below(rng, 8),
				       (unsigned)rng_below(rng, 200), 0);
	}
}

static unsigned put_finding(struct rng *rng, uint64_t *words)
{
	const struct finding f = { .number = (uint32_t)rng_below(rng, SESSION_MAX_FINDINGS + 10),
				   .class = (uint8_t)rng_below(rng, FINDING_CLASSES + 1),
				   .role = (uint8_t)rng_below(rng, ROLE_COUNT + 2),
				   .outcome = (uint8_t)rng_below(rng, 5),
				   .flags = (uint8_t)rng_below(rng, 5),
				   .made_slot = (uint16_t)rng_below(rng, SESSION_MAX_RINGS + 100),
				   .first_slot = (uint16_t)rng_below(rng, 8),
				   .first_site = (uint32_t)rng_below(rng, NODE_FIRST + 1),
				   .age = (uint32_t)rng_below(rng, 1u << FINDING_AGE_BITS) };
	finding_to_words(&f, words);
	return EVENT_FINDING_WORDS;
}

/* An event that is right but for what it names. */
static unsigned put_event(struct rng *rng, uint64_t *words)
{
	bool is_free = rng_below(rng, 2);
	words[0] = event_word(is_free ? EVENT_FREE : EVENT_ALLOC, is_free ? ROLE_FREE : ROLE_MALLOC,
			      0, rng_below(rng, 50));
	uint64_t slot = rng_below(rng, 30) ? rng_below(rng, 5) : rng_next(rng) >> 32;
	words[1] = slot << 32 | rng_below(rng, NODE_FIRST + 1);
	return 2;
}

static void put_garbage(struct scene *s)
{
	uint64_t words[64];
	struct producer *p = &s->damaged[rng_below(&s->rng, DAMAGED)];
	unsigned count = 0, wanted = 1 + (unsigned)rng_below(&s->rng, 62);
	while (count < wanted) {
		if (rng_below(&s->rng, 40) == 0)
			words[count++] = any_word(&s->rng);
		else if (rng_below(&s->rng, 20) == 0 && count + EVENT_FINDING_WORDS <= 64)
			count += put_finding(&s->rng, words + count);
		else
			count += put_event(&s->rng, words + count);
	}
	if (p->head - at_load_acquire(&p->ring->tail) + count <= p->mask + 1)
		producer_put(p, words, count);
}

static void damage_ring_record(struct scene *s)
{
	struct session_ring *ring = s->damaged[rng_below(&s->rng, DAMAGED)].ring;
	switch (rng_below(&s->rng, 8)) {
	case 0:
		at_store_release(&ring->head, any_word(&s->rng));
		break;
	case 1:
		at_store_release(&ring->tail, any_word(&s->rng));
		break;
	case 2:
		at_store_relaxed(&ring->process, (uint32_t)any_word(&s->rng));
		break;
	case 3:
		at_store_relaxed(&ring->tid, (uint32_t)any_word(&s->rng));
		break;
	case 4:
		at_store_relaxed(&ring->counter, any_word(&s->rng));
		break;
	case 5:
		at_store_relaxed(&ring->words_offset, any_word(&s->rng));
		break;
	case 6:
		at_store_relaxed(&ring->claims, (uint32_t)any_word(&s->rng));
		break;
	default:
		at_store_relaxed(&ring->first_counter, any_word(&s->rng));
	}
}

static void damage_tables(struct scene *s)
{
	struct session *session = &s->rig->session;
	struct session_node *node = &session->nodes[NODE_FIRST + rng_below(&s->rng, 64)];
	struct session_module *module = &session->modules[rng_below(&s->rng, 8)];
	switch (rng_below(&s->rng, 5)) {
	case 0:
		at_store_relaxed(&node->parent, (uint32_t)any_word(&s->rng));
		at_store_relaxed(&node->module, (uint16_t)rng_next(&s->rng));
		at_store_release(&node->ready, (uint16_t)1);
		break;
	case 1:
		memset(module->path, 'x', sizeof(module->path));
		at_store_relaxed(&module->build_id_bytes, (uint32_t)any_word(&s->rng));
		at_store_relaxed(&module->process_plus_1, (uint32_t)any_word(&s->rng));
		at_store_release(&module->ready, 1u);
		break;
	case 2:
		at_store_relaxed(&session->header->module_count, (uint32_t)any_word(&s->rng));
		break;
	case 3:
		at_store_relaxed(&session->header->node_count, (uint32_t)any_word(&s->rng));
		break;
	default:
		at_store_relaxed(&session->header->ring_count, (uint32_t)any_word(&s->rng));
	}
}

/* Records of crashes are taken as they are. */
static void damage_crashes(struct scene *s)
{
	struct session_crash *c = &s->rig->session.crashes[rng_below(&s->rng, 4)];
	uint64_t *words = (uint64_t *)c;
	for (unsigned i = 0; i < sizeof(*c) / sizeof(*words); i++)
		words[i] = any_word(&s->rng);
	if (rng_below(&s->rng, 2))
		for (unsigned i = 0; i < CRASH_POINTERS; i++)
			c->pointers[i] = (struct crash_pointer){ .place = (uint16_t)rng_below(&s->rng, 600),
								 .allocator = (uint16_t)rng_below(&s->rng, 9) };
	at_store_release(&c->state, (uint32_t)CRASH_READY);
	at_store_relaxed(&s->rig->session.header->crash_count,
			 rng_below(&s->rng, 9) ? 4u : (uint32_t)any_word(&s->rng));
}

static void damage_processes(struct scene *s)
{
	struct session *session = &s->rig->session;
	struct session_process *p = &session->processes[1 + rng_below(&s->rng, 6)];
	memset(p->exe, 'e', sizeof(p->exe));
	memset(p->command, rng_below(&s->rng, 2) ? 'c' : 0, sizeof(p->command));
	at_store_relaxed(&p->parent, (uint32_t)any_word(&s->rng));
	at_store_relaxed(&p->origin, (uint32_t)any_word(&s->rng));
	at_store_relaxed(&p->start_tsc, any_word(&s->rng));
	at_store_relaxed(&session->header->process_count, (uint32_t)any_word(&s->rng));
	at_store_release(&p->state, (uint32_t)rng_below(&s->rng, 6));
}

static void damage_something(struct scene *s)
{
	switch (rng_below(&s->rng, 17)) {
	case 0:
		damage_ring_record(s);
		break;
	case 1:
		damage_tables(s);
		break;
	case 2:
		damage_processes(s);
		break;
	case 3:
		damage_crashes(s);
		break;
	default:
		put_garbage(s);
	}
}

static void a_module_without_an_end_is_cut(void)
{
	struct rig r;
	rig_open(&r);
	struct producer p = rig_producer(&r, rig_process(&r));
	uint32_t module = producer_module(&r.session, "/bin/a");
	struct session_module *record = &r.session.modules[module];
	memset(record->path, 'x', sizeof(record->path));
	record->build_id_bytes = UINT32_MAX;
	record->process_plus_1 = UINT32_MAX;
	producer_alloc(&p, 1, producer_node(&r.session, NODE_ROOT, module, 1));
	collector_pass(&r.collector);
	CHECK(r.writer->module_count == 1 && r.writer->allocs == 1, "written as far as it goes");
	rig_close(&r);
}

static void a_damaged_ring_is_not_used_again(void)
{
	struct rig r;
	rig_open(&r);
	uint32_t process = rig_process(&r);
	struct producer p = rig_producer(&r, process);
	const uint64_t nonsense = 15;
	producer_alloc(&p, 1, NODE_ROOT);
	producer_put(&p, &nonsense, 1);
	collector_pass(&r.collector);
	producer_alloc(&p, 1, NODE_ROOT);
	collector_pass(&r.collector);
	CHECK(at_load_relaxed(&p.ring->tail) == p.head, "its thread never waits");
	processes_note_end(&r.collector.processes, process, 0);
	collector_pass(&r.collector);
	collector_pass(&r.collector);
	CHECK(r.writer->allocs == 1 && r.writer->thread_count == 1 && r.writer->thread_ends == 1,
	      "it ends with its process");
	CHECK(r.writer->losses[TRACE_LOSS_DAMAGED] == 3, "%llu words",
	      (unsigned long long)r.writer->losses[TRACE_LOSS_DAMAGED]);
	rig_close(&r);
}

static void one_session(uint64_t seed)
{
	struct rig r;
	rig_open(&r);
	r.writer->hostile = true;
	struct scene s = { .rig = &r, .rng = { seed } };
	s.process = rig_process(&r);
	/* The damage may not wait for nodes that nobody fills in: that is tested elsewhere. */
	r.collector.tables.waited_ns = UINT64_MAX / 2;
	struct producer sound = rig_producer(&r, s.process);
	for (unsigned i = 0; i < DAMAGED; i++)
		s.damaged[i] = rig_producer(&r, s.process);
	collector_pass(&r.collector);
	for (unsigned i = 0; i < SOUND_EVENTS; i++) {
		unsigned count = (unsigned)rng_below(&s.rng, 4);
		while (count-- > 0)
			damage_something(&s);
		producer_free(&sound, producer_alloc(&sound, i, NODE_ROOT), NODE_ROOT);
		collector_pass(&r.collector);
	}
	collector_drain_all(&r.collector);
	CHECK(r.writer->slots[sound.slot].counter == SOUND_EVENTS, "seed %llu: the sound ring has "
	      "%llu", (unsigned long long)seed,
	      (unsigned long long)r.writer->slots[sound.slot].counter);
	for (uint32_t i = 0; i < r.collector.processes.notes_end; i++)
		if (r.collector.processes.notes[i].seen)
			processes_note_end(&r.collector.processes, i, 0);
	collector_finish_ended(&r.collector);
	CHECK(r.writer->process_ends == r.writer->process_count, "all ended");
	events += r.writer->allocs + r.writer->frees;
	findings += r.writer->finding_count;
	crashes += r.writer->crash_count;
	losses += r.writer->losses[TRACE_LOSS_DAMAGED];
	untracked += r.writer->losses[TRACE_LOSS_UNTRACKED_FREES];
	rig_close(&r);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : ROUNDS;
	a_module_without_an_end_is_cut();
	a_damaged_ring_is_not_used_again();
	for (uint64_t i = 0; i < rounds; i++)
		one_session(seed + i);
	printf("%llu events, %llu findings, %llu crashes, %llu words thrown away, %llu untracked frees\n",
	       (unsigned long long)events, (unsigned long long)findings, (unsigned long long)crashes,
	       (unsigned long long)losses, (unsigned long long)untracked);
	return 0;
}

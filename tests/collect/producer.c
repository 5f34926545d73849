/* producer.c - see producer.h. */
#include "tests/collect/producer.h"

#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/atomics.h"
#include "collect/clock.h"
#include "wire/claim.h"
#include "wire/roles.h"

uint32_t producer_process(struct session *s, uint32_t pid, uint32_t origin, uint32_t parent)
{
	uint32_t index = process_record_claim(s->header, s->processes, pid);
	if (index == SESSION_MAX_PROCESSES)
		return UINT32_MAX;
	struct session_process *p = &s->processes[index];
	p->pid = pid;
	p->parent = parent;
	p->origin = origin;
	p->start_tsc = clock_tsc();
	strcpy(p->exe, "/bin/producer");
	memcpy(p->command, "producer\0-x\0", 13);
	at_store_release(&p->state, (uint32_t)PROCESS_READY);
	return index;
}

bool producer_claim(struct producer *p, struct session *s, uint32_t process)
{
	for (uint32_t slot = 0; slot < SESSION_MAX_RINGS; slot++) {
		struct session_ring *ring = &s->rings[slot];
		uint32_t unused = RING_FREE;
		if (at_load_relaxed(&ring->state) != RING_FREE ||
		    !at_cas_acq_rel(&ring->state, &unused, (uint32_t)RING_CLAIMED))
			continue;
		ring->process = process;
		ring->tid = (uint32_t)gettid();
		ring->claims++;
		ring->first_counter = ring->counter;
		*p = (struct producer){ .session = s, .ring = ring, .slot = slot,
					.words = (uint64_t *)session_words(s, slot),
					.mask = session_ring_words(slot) - 1,
					.head = ring->head, .counter = ring->counter };
		uint32_t count = at_load_relaxed(&s->header->ring_count);
		while (count <= slot &&
		       !at_cas_acq_rel(&s->header->ring_count, &count, slot + 1))
			;
		at_store_release(&ring->state, (uint32_t)RING_ACTIVE);
		return true;
	}
	return false;
}

uint32_t producer_module(struct session *s, const char *path)
{
	uint32_t index = at_add_relaxed(&s->header->module_count, 1u);
	strcpy(s->modules[index].path, path);
	at_store_release(&s->modules[index].ready, 1u);
	return index;
}

uint32_t producer_node(struct session *s, uint32_t parent, uint32_t module, uint64_t offset)
{
	uint32_t index = at_add_relaxed(&s->header->node_count, 1u);
	struct session_node *n = &s->nodes[index];
	n->parent = parent;
	n->module = (uint16_t)module;
	n->offset = offset;
	at_store_release(&n->ready, (uint16_t)1);
	return index;
}

static void wake(struct session *s)
{
	if (!at_load_relaxed(&s->header->collector_asleep))
		return;
	at_add_relaxed(&s->header->wake, 1u);
	syscall(SYS_futex, &s->header->wake, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void producer_put(struct producer *p, const uint64_t *words, unsigned count)
{
	while (p->head - at_load_acquire(&p->ring->tail) + count > p->mask + 1) {
		wake(p->session);
		sched_yield();
	}
	for (unsigned i = 0; i < count; i++)
		at_store_relaxed(&p->words[p->head++ & p->mask], words[i]);
	at_store_release(&p->ring->head, p->head);
}

void producer_tick(struct producer *p, uint64_t tsc)
{
	uint64_t word = (tsc & ~UINT64_C(15)) | EVENT_TICK;
	producer_put(p, &word, 1);
}

static void tick(struct producer *p)
{
	if (p->manual_ticks || p->tick_left-- > 0)
		return;
	p->tick_left = EVENT_TICK_INTERVAL - 1;
	producer_tick(p, clock_tsc());
}

struct block_name producer_alloc(struct producer *p, uint64_t size, uint32_t stack)
{
	tick(p);
	struct block_name name = { p->slot, p->counter++ };
	at_store_relaxed(&p->ring->counter, p->counter);
	producer_put(p, (uint64_t[]){ event_word(EVENT_ALLOC, ROLE_MALLOC, 0, size), stack }, 2);
	return name;
}

void producer_free(struct producer *p, struct block_name block, uint32_t site)
{
	tick(p);
	producer_put(p, (uint64_t[]){ event_word(EVENT_FREE, ROLE_FREE, 0, block.counter),
				      site | (uint64_t)block.slot << 32 }, 2);
}

void producer_mark(struct producer *p, const char *text)
{
	uint64_t words[EVENT_MAX_WORDS] = { 0 };
	unsigned len = (unsigned)strlen(text);
	words[0] = event_text_word(EVENT_MARK, MARK_POINT, len, 0);
	memcpy(words + 1, text, len);
	producer_put(p, words, 1 + (len + 7) / 8);
}

/* order.c - see order.h. The heap holds the rings that have something, by the time of their next
 * event; the smallest first. */
#include "collect/order.h"

#include "collect/drain.h"

static void swap(struct order_entry *a, struct order_entry *b)
{
	struct order_entry t = *a;
	*a = *b;
	*b = t;
}

static void sift_down(struct order_entry *heap, size_t count, size_t at)
{
	for (;;) {
		size_t least = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
			if (heap[child].time < heap[least].time)
				least = child;
		if (least == at)
			return;
		swap(&heap[at], &heap[least]);
		at = least;
	}
}

static uint64_t second_time(const struct order_entry *heap, size_t count)
{
	uint64_t time = UINT64_MAX;
	for (size_t i = 1; i < 3 && i < count; i++)
		if (heap[i].time < time)
			time = heap[i].time;
	return time;
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Looks at one ring; true if it has an event for this pass. A stamp later than the cutoff is
 * normal for what was written since the pass began. If it is still later in the next pass, it is
 * wrong, and the ring is taken as it comes. */
static bool look_at_ring(struct collector *c, uint32_t index, uint64_t cutoff)
{
	struct slot *slot = &c->slots.items[index];
	uint64_t words = slot_refresh(&c->slots, index);
	if (words == 0) {
		if (slot->tick < c->clock.now_tsc)
			slot->tick = c->clock.now_tsc;
		slot->must = slot->tail;
		return false;
	}
	uint64_t time = drain_next_time(slot);
	slot->unordered = time > cutoff && slot->must > slot->tail;
	slot->must = slot->head;
	if (words > (slot->mask + 1) / 2)
		c->more = true;
	if (time > cutoff && !slot->unordered)
		return false;
	c->heap[c->heap_count++] = (struct order_entry){ time, index };
	return true;
}

static void merge(struct collector *c, uint64_t cutoff)
{
	struct order_entry *heap = c->heap;
	while (c->heap_count > 0) {
		uint64_t limit = add_capped(second_time(heap, c->heap_count), c->quantum_ticks);
		if (limit > cutoff)
			limit = cutoff;
		bool later = drain_slot(c, heap[0].slot, limit) == DRAIN_LATER;
		if (later)
			heap[0].time = drain_next_time(&c->slots.items[heap[0].slot]);
		if (!later || heap[0].time > cutoff)
			heap[0] = heap[--c->heap_count];
		sift_down(heap, c->heap_count, 0);
	}
}

static void drain_until(struct collector *c, uint64_t cutoff)
{
	c->heap_count = 0;
	c->more = false;
	slots_look(&c->slots);
	for (uint32_t i = 0; i < c->slots.count; i++)
		look_at_ring(c, i, cutoff);
	for (size_t i = c->heap_count; i-- > 0;)
		sift_down(c->heap, c->heap_count, i);
	merge(c, cutoff);
}

void order_drain(struct collector *c)
{
	drain_until(c, c->clock.now_tsc);
}

void order_drain_all(struct collector *c)
{
	drain_until(c, UINT64_MAX);
}

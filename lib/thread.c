/* thread.c - see thread.h. */
#include "lib/thread.h"

#include <errno.h>

#include "lib/crash.h"
#include "lib/regions.h"
#include "lib/runtime.h"
#include "lib/sys.h"

enum {
	WAIT_SPINS = 50,
	WAIT_SLEEP_US = 50,
	RING_WAIT_BEATS = 4,
	RING_VAIN_BEATS = 1000,
};

/* Without a heartbeat the collector is gone or stopped; with one, but without taking anything from
 * this ring for so long, something is wrong with it. */
#define WAIT_FOR_BEAT_NS UINT64_C(1000000000)
#define WAIT_FOR_TAIL_NS UINT64_C(10000000000)

static struct thread unregistered = { .guard = GUARD_UNREGISTERED };
static struct thread off = { .guard = GUARD_OFF };

__thread struct thread *thread_self __attribute__((tls_model("initial-exec"))) = &unregistered;

/* Records by ring slot; kept when a thread ends, for the slot's next owner. In a child the table
 * is the parent's, but the records are wiped. Written by the owner of the slot only. */
static struct thread *threads[SESSION_MAX_RINGS];

/* Records' end: threads[i] is NULL from here on. */
static uint32_t thread_records;

static bool holds(const struct lock_holder *h, const uint8_t *lock)
{
	return at_load_relaxed(&h->held[0]) == lock || at_load_relaxed(&h->held[1]) == lock;
}

static bool wants(const struct lock_holder *h, const uint8_t *lock)
{
	return at_load_relaxed(&h->wanted[0]) == lock || at_load_relaxed(&h->wanted[1]) == lock;
}

static bool is_held_by_other(const uint8_t *lock)
{
	uint32_t count = at_load_relaxed(&thread_records);
	for (uint32_t i = 0; i < count; i++) {
		const struct thread *t = at_load_relaxed(&threads[i]);
		if (t && t != thread_self && holds(&t->locks, lock))
			return true;
	}
	return false;
}

/* Takes the lock from a thread that ended while it had it: cancelled asynchronously, say. */
static AT_COLD void take_from_dead(uint8_t *lock)
{
	uint32_t count = sys_is_restricted() ? 0 : at_load_relaxed(&thread_records);
	for (uint32_t i = 0; i < count; i++) {
		struct thread *t = at_load_relaxed(&threads[i]);
		if (!t || t == thread_self || !(holds(&t->locks, lock) || wants(&t->locks, lock)))
			continue;
		if (sys_call3(SYS_tgkill, session.pid, t->tid, 0) == -ESRCH)
			lock_abandon(&t->locks, is_held_by_other);
	}
}

static void put_module(struct thread *t, const struct module *m)
{
	if (!thread_reserve(t, 2))
		return;
	thread_put(t, event_word(EVENT_MODULE, 0, 0, m->id));
	thread_put(t, m->bias);
	thread_publish(t);
}

/* The process's first thread tells what was found before it had a ring, a child's what it has
 * from its parent. */
static void announce_known_modules(struct thread *t)
{
	static uint32_t announced_for; /* process index + 1 */
	if (at_load_relaxed(&announced_for) == session.process_index + 1)
		return;
	at_store_relaxed(&announced_for, session.process_index + 1);
	for (uint32_t i = MODULE_ANONYMOUS + 1; i < modules_count(); i++)
		put_module(t, &modules[i]);
}

/* Gives the record t (a new one, or wiped by a fork) a ring of this process. */
static void take_ring(struct thread *t, uint32_t slot)
{
	struct session_ring *ring = &session.rings[slot];
	t->ring = ring;
	t->words = (uint64_t *)((char *)session.header + ring->words_offset);
	t->mask = ring->words - 1;
	t->head = ring->head;
	t->counter = ring->counter;
	t->limit = t->head; /* the slow path sets it */
	t->slot = slot;
	t->block_slot = slot;
	t->leaks_off = 0;
	t->tid = ring->tid;
	t->tick_left = 0;
	t->starved = false;
	stack_reset(&t->stack);
	t->registered = 1;
	t->inner_frame = 0;
	t->failed_tsc = 0;
	lock_waits_long = take_from_dead;
	at_store_release(&threads[slot], t);
	uint32_t count = at_load_relaxed(&thread_records);
	while (count <= slot && !at_cas_acq_rel(&thread_records, &count, slot + 1))
		;
	announce_known_modules(t);
}

static AT_COLD void no_ring(void)
{
	at_add_relaxed(&session.header->unrecorded, UINT64_C(1));
}

/* A ring for the calling thread, or SESSION_MAX_RINGS. The rings of threads that ended come back with
 * the collector's passes. When there is none, a few of these are waited for; and not soon again when
 * that was in vain, because then so many threads live. */
static AT_COLD uint32_t claim_ring(void)
{
	static uint64_t vain_until; /* a heartbeat */
	const uint64_t *heartbeat = &session.header->heartbeat;
	uint32_t tid = sys_gettid(), slot = session_claim_ring(tid);
	uint64_t begin_beat = at_load_relaxed(heartbeat), begin_ns = sys_monotonic_ns();
	if (slot < SESSION_MAX_RINGS || session.options & SESSION_LOSSY || sys_is_restricted() ||
	    session_lost_collector() || begin_beat < at_load_relaxed(&vain_until))
		return slot;
	while (at_load_relaxed(heartbeat) - begin_beat <= RING_WAIT_BEATS &&
	       sys_monotonic_ns() - begin_ns < WAIT_FOR_BEAT_NS &&
	       at_load_relaxed(&session.header->state) != SESSION_ENDED) {
		session_wake_collector();
		sys_sleep_us(WAIT_SLEEP_US);
		slot = session_claim_ring(tid);
		if (slot < SESSION_MAX_RINGS)
			return slot;
	}
	at_store_relaxed(&vain_until, begin_beat + RING_VAIN_BEATS);
	return slot;
}

/* Registers the calling thread and gives it a ring. NULL when it cannot be traced (now). */
static AT_COLD struct thread *register_thread(void)
{
	if (!runtime_start()) {
		if (runtime_is_off())
			thread_self = &off;
		return NULL;
	}
	if (at_load_relaxed(&session.header->state) == SESSION_ENDED) {
		thread_self = &off;
		return NULL;
	}
	if (!runtime_may_record()) {
		if (runtime_is_off())
			thread_self = &off;
		else
			no_ring();
		return NULL;
	}
	uint32_t slot = claim_ring();
	if (slot >= SESSION_MAX_RINGS) {
		no_ring();
		return NULL;
	}
	struct thread *t = threads[slot] ? threads[slot] : sys_map_wiped_on_fork(sizeof(*t));
	if (!t) {
		at_store_release(&session.rings[slot].state, (uint32_t)RING_FREE);
		thread_self = &off;
		return NULL;
	}
	lock_abandon(&t->locks, is_held_by_other); /* of the record's last owner, who is dead */
	regions_reset(t->stack.regions);
	take_ring(t, slot);
	t->guard = GUARD_FREE;
	thread_self = t;
	at_signal_fence(); /* a handler that comes in earlier registers for itself */
	lock_self = &t->locks;
	crash_thread_begins(slot);
	return t;
}

/* The first event of a thread that came into this process by fork. */
static AT_COLD bool adopt_child(struct thread *t)
{
	uint32_t slot = SESSION_MAX_RINGS;
	if (runtime_may_record())
		slot = claim_ring();
	if (slot >= SESSION_MAX_RINGS) {
		thread_self = &off;
		return false;
	}
	for (unsigned i = 0; i < thread_records; i++)
		if (threads[i] == t)
			threads[i] = NULL;
	take_ring(t, slot);
	return true;
}

/* Was the hook that has the guard left by longjmp? Its return address is overwritten then, once
 * something was called at its depth. */
static bool hook_is_gone(const struct thread *t)
{
	return t->hook_frame[1] != t->hook_caller;
}

/* A signal handler left the runtime itself by longjmp: what it had half done is forgotten. The
 * event is published with the head, the counter after it (record.c). */
static AT_COLD void recover(struct thread *t)
{
	uint64_t head = at_load_relaxed(&t->ring->head);
	if (head != t->head)
		t->counter = at_load_relaxed(&t->ring->counter);
	else /* it was left between the two */
		at_store_relaxed(&t->ring->counter, t->counter);
	t->head = head;
	t->tick_left = 0;
	stack_forget(&t->stack);
	if (!lock_is_single_threaded())
		lock_abandon(&t->locks, is_held_by_other);
}

/* On another stack only a signal handler can be; on the same one a call from further down comes
 * from the backend, unless the hook was left by longjmp. A call from further up means that it was.
 */
AT_COLD struct thread *thread_enter_slow(struct thread *t, uintptr_t sp, uintptr_t *saved)
{
	uintptr_t frame = (uintptr_t)t->hook_frame;
	*saved = GUARD_FREE;
	switch (t->guard) {
	case GUARD_UNREGISTERED:
		return register_thread();
	case GUARD_OFF:
		return NULL;
	case GUARD_BUSY:
		if (stack_holds_both(&t->stack, sp, frame) && (sp >= frame || hook_is_gone(t))) {
			recover(t);
			return t;
		}
		/* a signal handler inside the runtime */
		at_add_relaxed(&session.process->nested, UINT64_C(1));
		return NULL;
	default:
		if (!stack_is_same(&t->stack, sp, t->guard)) {
			*saved = t->guard;
			t->inner_frame = sp;
			t->outer_frame = (const uintptr_t *)t->guard;
			t->outer_caller = t->outer_frame[1];
		} else if (sp < t->guard && !(t->guard == frame && hook_is_gone(t)))
			return NULL;
		return t;
	}
}

AT_COLD void thread_settle_nested(struct thread *t)
{
	uintptr_t guard = t->guard;
	t->guard = GUARD_BUSY;
	at_signal_fence();
	blocks_forget_freed(BLOCK_SPACE_HEAP, t->nested_made);
	t->nested_made = 0;
	at_signal_fence();
	t->guard = guard;
}

AT_COLD void thread_unwound(struct thread *t)
{
	bool over_another = t->guard == t->inner_frame;
	if (t->guard < GUARD_FIRST_ADDRESS)
		return;
	if (t->nested_made)
		thread_settle_nested(t); /* it is the exception */
	t->failed_bytes = 0; /* operator new keeps its argument nowhere */
	t->failed_tsc = session_clock();
	t->inner_frame = 0;
	/* Perhaps inner_frame was of an earlier hook at the same place. */
	if (over_another && t->outer_frame[1] == t->outer_caller)
		thread_take_guard(t, t->outer_frame, (uintptr_t)t->outer_frame);
	else
		t->guard = GUARD_FREE;
}

static bool refresh_limit(struct thread *t, unsigned words)
{
	uint64_t tail = at_load_acquire(&t->ring->tail), capacity = t->mask + 1;
	uint64_t used = t->head - tail;
	if (used > capacity)
		used = capacity; /* somebody wrote nonsense into the shared memory */
	if (used + words > capacity)
		return false;
	/* Come back when another half of the ring is written, to see that the collector is up. */
	uint64_t half = t->head + capacity / 2, full = t->head + (capacity - used);
	t->limit = half < full ? half : full;
	if (used > capacity / 4)
		session_wake_collector();
	return true;
}

/* What shows that the collector is at work: for this ring, or at all. */
struct patience {
	uint64_t tail, beat;	   /* when last looked */
	uint64_t tail_ns, beat_ns; /* when they were seen to move; 0: not looked yet */
};

static bool is_out_of_patience(struct patience *p, const struct thread *t)
{
	uint64_t tail = at_load_relaxed(&t->ring->tail);
	uint64_t beat = at_load_relaxed(&session.header->heartbeat);
	uint64_t now = sys_monotonic_ns();
	if (tail != p->tail || p->tail_ns == 0)
		p->tail_ns = now;
	if (beat != p->beat || p->beat_ns == 0)
		p->beat_ns = now;
	p->tail = tail;
	p->beat = beat;
	return now - p->beat_ns > WAIT_FOR_BEAT_NS || now - p->tail_ns > WAIT_FOR_TAIL_NS;
}

/* True when the collector freed some space in time. */
static bool wait_for_collector(struct thread *t, unsigned words)
{
	struct session_header *header = session.header;
	struct patience patience = { .tail_ns = 0 };
	for (unsigned tries = 0; !refresh_limit(t, words); tries++) {
		if (at_load_relaxed(&header->state) == SESSION_ENDED || session_lost_collector())
			return false;
		if (t->starved && at_load_relaxed(&t->ring->tail) == t->starved_tail)
			return false;
		session_wake_collector();
		if (tries < WAIT_SPINS) {
			__builtin_ia32_pause();
			continue;
		}
		sys_sleep_us(WAIT_SLEEP_US);
		if (is_out_of_patience(&patience, t)) {
			t->starved = true;
			t->starved_tail = patience.tail;
			return false;
		}
	}
	t->starved = false;
	return true;
}

AT_COLD bool thread_reserve_slow(struct thread *t, unsigned words)
{
	if (!t->registered && !adopt_child(t))
		return false;
	if (session_is_left_alone())
		return false; /* and nobody would read it */
	if (t->head + words <= t->limit || refresh_limit(t, words))
		return true;
	if (session.options & SESSION_LOSSY) {
		session_wake_collector();
		return false;
	}
	return wait_for_collector(t, words);
}

AT_COLD void thread_announce_module(const struct module *m)
{
	if (thread_self->guard == GUARD_BUSY)
		put_module(thread_self, m);
}

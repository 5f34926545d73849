/* slots.h - what the collector knows of each ring.
 *
 * A ring is claimed by a thread, filled by it, and given back by the collector when the thread is
 * gone and everything is read. Blocks are named by (slot, counter), and counters go on from owner
 * to owner, so the history of owners says which process made a block. Not thread-safe: the
 * collector's thread only. */
#ifndef ALLOCTRACE_COLLECT_SLOTS_H
#define ALLOCTRACE_COLLECT_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/processes.h"
#include "collect/session_memory.h"
#include "collect/thread_name.h"
#include "trace/trace.h"

struct slot_owner {
	uint64_t first_counter;
	uint32_t process; /* id */
};

struct slot_thread {
	uint64_t first_counter;
	uint32_t thread; /* running number */
};

struct slot {
	/* Hot. Invariant: tail <= head <= tail + capacity. */
	const uint64_t *words;
	uint64_t mask;
	uint64_t tail;    /* words read */
	uint64_t head;    /* words known to be there */
	uint64_t counter; /* ALLOC events written to the trace */
	uint64_t tick;    /* time stamp that holds now */
	uint64_t first_counter; /* of the present owner's process in its present turn */
	uint32_t process;       /* id of the present (or last) owner's process */
	bool owned;
	bool damaged;    /* it held nonsense: thrown away until its process ends, never reused */
	bool in_forced;  /* is being drained for the sake of another ring */
	bool unordered;  /* its stamps lie in the future: taken as they come */
	bool give_up;    /* the block that the next FREE names will not turn up */
	/* Cold. */
	uint64_t must;   /* what was there in the last pass; taken in this one whatever its time */
	uint32_t process_index;
	uint32_t tid;
	uint32_t thread; /* running number in the trace */
	uint32_t threads; /* how many have had the slot */
	uint32_t need_slot; /* what the next FREE waits for */
	uint64_t need_counter;
	uint64_t next_name_ns;  /* when to look what the thread is called; grows tenfold */
	uint64_t since_ns;      /* when the owner was first seen */
	char name[THREAD_NAME_BYTES];
	struct slot_owner *owners; /* earlier owners by rising first_counter; neighbours differ */
	size_t owner_count, owner_cap;
	struct slot_thread *history; /* threads that made blocks, the present one too; as owners */
	size_t history_count, history_cap;
};

struct slots {
	struct session *session;
	struct trace_writer *writer;
	struct processes *processes;
	const struct clock *clock;
	struct slot *items;
	uint32_t count;        /* slots below have been seen in use */
	uint32_t owned_count;
	uint32_t thread_count; /* running number of the next thread */
	uint32_t look_at;      /* where the search for dead threads goes on */
};

void slots_init(struct slots *s, struct session *session, struct trace_writer *writer,
		struct processes *processes, const struct clock *clock);
void slots_release(struct slots *s);

/* Takes notice of slots claimed for the first time: raises count. */
void slots_look(struct slots *s);

/* Notices a new owner and newly written words. Returns the number of words to read. */
uint64_t slot_refresh(struct slots *s, uint32_t slot);
/* Lets the producer use what has been read. */
void slot_publish_tail(struct slots *s, uint32_t slot);
/* It holds nonsense: throws away what is there, and from now on what comes. */
void slot_damage(struct slots *s, uint32_t slot);

/* Gives the slot back; all its words have been read. */
void slot_retire(struct slots *s, uint32_t slot);
/* Whether the thread of the slot is surely gone. */
bool slot_thread_is_gone(const struct slots *s, uint32_t slot);
/* Looks now and then what the thread is called. */
void slot_follow_name(struct slots *s, uint32_t slot);

/* The thread (running number) that had the slot at that time, as far as it is sure; else
 * TRACE_NO_THREAD. */
uint32_t slot_thread_at(const struct slots *s, uint32_t slot, uint64_t time_ns);
/* The thread (running number) that made the block, or TRACE_NO_THREAD. */
uint32_t slot_thread_of(const struct slots *s, uint32_t slot, uint64_t counter);
/* The slot whose present or last owner is the thread (running number); NULL: there is none. And its
 * tid, else 0. */
const struct slot *slot_of_thread(const struct slots *s, uint32_t thread);
uint32_t slot_tid_of_thread(const struct slots *s, uint32_t thread);
/* The id of the process that made the block, or TRACE_NO_PROCESS. */
uint32_t slot_maker(const struct slots *s, uint32_t slot, uint64_t counter);

#endif

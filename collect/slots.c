/* slots.c - see slots.h. */
#include "collect/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/atomics.h"
#include "collect/proc_files.h"
#include "util/mem.h"

enum {
	FIRST_NAME_NS = 5000000,
};

void slots_init(struct slots *s, struct session *session, struct trace_writer *writer,
		struct processes *processes, const struct clock *clock)
{
	*s = (struct slots){ .session = session,
			     .writer = writer,
			     .processes = processes,
			     .clock = clock };
	s->items = mem_zalloc(SESSION_MAX_RINGS, sizeof(*s->items));
}

void slots_release(struct slots *s)
{
	for (uint32_t i = 0; i < SESSION_MAX_RINGS; i++) {
		free(s->items[i].owners);
		free(s->items[i].history);
	}
	free(s->items);
}

void slots_look(struct slots *s)
{
	uint32_t count = at_load_acquire(&s->session->header->ring_count);
	if (count > SESSION_MAX_RINGS)
		count = SESSION_MAX_RINGS;
	if (count > s->count)
		s->count = count;
}

/* Threads of one process that follow each other count as one owner. */
static void remember_owner(struct slot *slot)
{
	if (slot->owner_count && slot->owners[slot->owner_count - 1].process == slot->process)
		return;
	slot->first_counter = slot->counter;
	slot->owners = mem_grow(slot->owners, &slot->owner_cap, slot->owner_count + 1,
				sizeof(*slot->owners));
	slot->owners[slot->owner_count++] =
		(struct slot_owner){ slot->first_counter, slot->process };
}

/* A thread that made no block leaves nothing to remember. */
static void remember_thread(struct slot *slot)
{
	const struct slot_thread now = { slot->counter, slot->thread };
	if (slot->history_count &&
	    slot->history[slot->history_count - 1].first_counter == slot->counter)
		slot->history_count--;
	slot->history = mem_grow(slot->history, &slot->history_cap, slot->history_count + 1,
				 sizeof(*slot->history));
	slot->history[slot->history_count++] = now;
}

static void write_thread_start(struct slots *s, uint32_t index, struct slot *slot)
{
	struct trace_event start = { .op = TRACE_THREAD_START,
				     .slot = index,
				     .process = slot->process,
				     .thread = slot->thread };
	struct trace_thread record = { slot->process, slot->tid, slot->name };
	trace_writer_event(s->writer, &start);
	trace_writer_thread(s->writer, slot->thread, &record);
}

/* Whether a name that was read before belongs to the program of the slot's process, and not to one
 * that it has exec'd since: the kernel changes the path first. */
static bool is_same_program(const struct slots *s, const struct slot *slot, uint32_t pid)
{
	char now[PROC_PATH_BYTES];
	const char *then = s->session->processes[slot->process_index].exe;
	const size_t most = sizeof(s->session->processes[0].exe) - 1;
	proc_exe((pid_t)pid, now);
	size_t len = strnlen(now, most);
	if (!len || strncmp(then, now, len) != 0)
		return false;
	return len == most || then[len] == '\0' || then[len] == ' '; /* " (deleted)" */
}

/* Threads are mostly named soon after their start; names that change later are found in time, at
 * the cost of a few reads in the life of a thread. */
void slot_follow_name(struct slots *s, uint32_t index)
{
	struct slot *slot = &s->items[index];
	const struct process_note *process = &s->processes->notes[slot->process_index];
	char name[THREAD_NAME_BYTES] = "";
	if (s->clock->now_ns < slot->next_name_ns)
		return;
	uint64_t age_ns = s->clock->now_ns - slot->since_ns;
	slot->next_name_ns = s->clock->now_ns + FIRST_NAME_NS + 9 * age_ns;
	if (!process->foreign)
		thread_name_read(process->pid, slot->tid, name);
	if (!*name || strcmp(name, slot->name) == 0 || !is_same_program(s, slot, process->pid))
		return;
	memcpy(slot->name, name, sizeof(slot->name));
	struct trace_thread record = { slot->process, slot->tid, name };
	trace_writer_thread(s->writer, slot->thread, &record);
}

/* Takes notice of a new owner; false if the record cannot be right. */
static bool adopt(struct slots *s, uint32_t index, struct slot *slot)
{
	const struct session_ring *ring = &s->session->rings[index];
	uint32_t process = at_load_relaxed(&ring->process);
	if (!processes_see(s->processes, process))
		return false;
	if (!slot->words) {
		slot->words = session_words(s->session, index);
		slot->mask = session_ring_words(index) - 1;
	}
	slot->owned = true;
	slot->process_index = process;
	slot->process = s->processes->notes[process].id;
	slot->tid = at_load_relaxed(&ring->tid);
	slot->thread = s->thread_count++;
	slot->threads++;
	slot->tick = 0;
	slot->must = slot->tail;
	slot->since_ns = slot->next_name_ns = s->clock->now_ns;
	memcpy(slot->name, ring->name, sizeof(slot->name));
	slot->name[sizeof(slot->name) - 1] = '\0';
	remember_owner(slot);
	remember_thread(slot);
	s->owned_count++;
	write_thread_start(s, index, slot);
	slot_follow_name(s, index);
	return true;
}

uint64_t slot_refresh(struct slots *s, uint32_t index)
{
	struct slot *slot = &s->items[index];
	struct session_ring *ring = &s->session->rings[index];
	if (!slot->owned) {
		if (slot->damaged || at_load_acquire(&ring->state) != RING_ACTIVE ||
		    !adopt(s, index, slot))
			return 0;
	}
	uint64_t head = at_load_acquire(&ring->head);
	if (head - slot->tail > slot->mask + 1 || slot->damaged) {
		slot_damage(s, index);
		return 0;
	}
	slot->head = head;
	return head - slot->tail;
}

void slot_publish_tail(struct slots *s, uint32_t index)
{
	at_store_release(&s->session->rings[index].tail, s->items[index].tail);
}

void slot_damage(struct slots *s, uint32_t index)
{
	struct slot *slot = &s->items[index];
	uint64_t head = at_load_acquire(&s->session->rings[index].head);
	uint64_t lost = head - slot->tail;
	slot->damaged = true;
	s->processes->notes[slot->process_index].damaged_words +=
		lost <= slot->mask + 1 ? lost : 1;
	slot->head = slot->tail = head;
	slot_publish_tail(s, index);
}

bool slot_thread_is_gone(const struct slots *s, uint32_t index)
{
	const struct slot *slot = &s->items[index];
	const struct process_note *process = &s->processes->notes[slot->process_index];
	if (process->ended)
		return true;
	if (process->foreign || !process->pid)
		return false;
	return syscall(SYS_tgkill, process->pid, slot->tid, 0) < 0 && errno == ESRCH;
}

void slot_retire(struct slots *s, uint32_t index)
{
	struct slot *slot = &s->items[index];
	struct session_ring *ring = &s->session->rings[index];
	struct trace_event end = { .op = TRACE_THREAD_END, .slot = index, .thread = slot->thread };
	trace_writer_event(s->writer, &end);
	slot->owned = false;
	s->owned_count--;
	if (slot->damaged)
		return;
	/* The thread may have died after it counted an allocation and before it published the
	 * event; the next owner goes on from what the trace has. */
	at_store_relaxed(&ring->counter, slot->counter);
	at_store_relaxed(&ring->head, slot->head);
	at_store_release(&ring->state, RING_FREE);
}

uint32_t slot_thread_at(const struct slots *s, uint32_t index, uint64_t time_ns)
{
	const struct slot *slot = &s->items[index];
	if (slot->threads == 1 || (slot->threads && time_ns >= slot->since_ns))
		return slot->thread;
	return TRACE_NO_THREAD;
}

uint32_t slot_thread_of(const struct slots *s, uint32_t index, uint64_t counter)
{
	if (index >= s->count)
		return TRACE_NO_THREAD;
	const struct slot *slot = &s->items[index];
	size_t low = 0, high = slot->history_count; /* the last with first_counter <= counter */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (slot->history[middle].first_counter <= counter)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? slot->history[low - 1].thread : TRACE_NO_THREAD;
}

const struct slot *slot_of_thread(const struct slots *s, uint32_t thread)
{
	for (uint32_t i = 0; i < s->count && thread != TRACE_NO_THREAD; i++)
		if (s->items[i].threads && s->items[i].thread == thread)
			return &s->items[i];
	return NULL;
}

uint32_t slot_tid_of_thread(const struct slots *s, uint32_t thread)
{
	const struct slot *slot = slot_of_thread(s, thread);
	return slot ? slot->tid : 0;
}

uint32_t slot_maker(const struct slots *s, uint32_t index, uint64_t counter)
{
	const struct slot *slot = &s->items[index];
	size_t low = 0, high = slot->owner_count; /* the last owner with first_counter <= counter */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (slot->owners[middle].first_counter <= counter)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? slot->owners[low - 1].process : TRACE_NO_PROCESS;
}

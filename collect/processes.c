/* processes.c - see processes.h. */
#include "collect/processes.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomics.h"
#include "util/mem.h"

enum {
	/* Used records stay as they are until so many have been used: a forked child that has not
	 * made its own record yet may still name one. */
	KEEP_GONE = SESSION_MAX_PROCESSES / 2,
};

void processes_init(struct processes *p, struct session *session, struct trace_writer *writer,
		    struct clock *clock)
{
	*p = (struct processes){ .session = session, .writer = writer, .clock = clock };
	p->notes = mem_zalloc(SESSION_MAX_PROCESSES, sizeof(*p->notes));
}

void processes_release(struct processes *p)
{
	free(p->notes);
	free(p->lineage);
	free(p->gone);
}

/* The arguments end with an empty one; a hostile record has no end. */
static uint32_t command_bytes(const char *command, uint32_t max)
{
	uint32_t bytes = 0;
	while (bytes < max && command[bytes])
		bytes += (uint32_t)strnlen(command + bytes, max - bytes) + 1;
	return bytes < max ? bytes : max;
}

static void write_start(struct processes *p, struct process_note *note,
			struct session_process *record, uint32_t parent)
{
	record->exe[sizeof(record->exe) - 1] = '\0';
	record->command[sizeof(record->command) - 1] = '\0';
	struct trace_process process = {
		.pid = record->pid,
		.parent = parent,
		.origin = record->origin == PROCESS_FROM_FORK ? PROCESS_FROM_FORK :
								PROCESS_FROM_EXEC,
		.start_ns = clock_ns(p->clock, record->start_tsc),
		.exe = record->exe,
		.command = record->command,
		.command_bytes = command_bytes(record->command, sizeof(record->command)),
	};
	bool replaces = process.origin == PROCESS_FROM_EXEC && parent != TRACE_NO_PROCESS &&
			p->lineage[parent].pid == process.pid;
	p->process_count += !replaces;
	p->program_count += process.origin == PROCESS_FROM_EXEC;
	trace_writer_process(p->writer, &process);
	struct trace_event start = { .op = TRACE_PROCESS_START, .process = note->id };
	trace_writer_event(p->writer, &start);
	p->lineage = mem_grow(p->lineage, &p->lineage_cap, p->id_count, sizeof(*p->lineage));
	p->lineage[note->id] = (struct process_lineage){ parent, process.origin,
							       process.pid };
}

/* The id of a parent's index; a parent that is ready but not yet seen comes first. */
static uint32_t parent_id(struct processes *p, uint32_t index, uint32_t parent)
{
	if (parent >= SESSION_MAX_PROCESSES || parent == index)
		return TRACE_NO_PROCESS;
	if (!p->notes[parent].seen && parent < index)
		processes_see(p, parent);
	return p->notes[parent].seen ? p->notes[parent].id : TRACE_NO_PROCESS;
}

static bool see(struct processes *p, uint32_t index, bool is_to_be_watched)
{
	if (index >= SESSION_MAX_PROCESSES)
		return false;
	struct process_note *note = &p->notes[index];
	if (note->seen)
		return true;
	struct session_process *shared = &p->session->processes[index];
	if (at_load_acquire(&shared->state) != PROCESS_READY)
		return false;
	struct session_process record;
	memcpy(&record, shared, sizeof(record));
	uint32_t parent = parent_id(p, index, record.parent);
	*note = (struct process_note){ .seen = true,
				       .foreign = record.foreign_pids != 0,
				       /* The tool knows the pid of who connected to it. */
				       .watched = record.pid != 0 &&
						  (!record.foreign_pids ||
						   record.origin == PROCESS_FROM_EXEC),
				       .id = p->id_count++,
				       .pid = record.pid };
	write_start(p, note, &record, parent);
	p->live++;
	p->watched_live += note->watched;
	if (index >= p->notes_end)
		p->notes_end = index + 1;
	at_store_release(&shared->state, PROCESS_SEEN);
	/* Who connected is watched since then. */
	if (p->on_start && is_to_be_watched && record.origin == PROCESS_FROM_FORK)
		p->on_start(p->context, index, note->watched ? note->pid : 0);
	return true;
}

bool processes_see(struct processes *p, uint32_t index)
{
	return see(p, index, true);
}

void processes_look(struct processes *p)
{
	uint32_t count = at_load_acquire(&p->session->header->process_count);
	if (count > SESSION_MAX_PROCESSES)
		count = SESSION_MAX_PROCESSES;
	for (uint32_t i = p->scan_from; i < count; i++)
		processes_see(p, i);
	while (p->scan_from < count && p->notes[p->scan_from].seen)
		p->scan_from++;
}

static void write_loss(struct processes *p, uint32_t id, enum trace_loss kind, uint64_t count)
{
	if (!count)
		return;
	struct trace_event loss = { .op = TRACE_LOSS, .role = (uint8_t)kind, .value = count,
				    .process = id };
	trace_writer_event(p->writer, &loss);
}

void processes_write_losses(struct processes *p, uint32_t index)
{
	const struct process_note *note = &p->notes[index];
	const struct session_process *shared = &p->session->processes[index];
	write_loss(p, note->id, TRACE_LOSS_ALLOCS, at_load_relaxed(&shared->lost_allocs));
	write_loss(p, note->id, TRACE_LOSS_FREES, at_load_relaxed(&shared->lost_frees));
	write_loss(p, note->id, TRACE_LOSS_UNTRACKED_FREES,
		   at_load_relaxed(&shared->untracked_frees) + note->untracked_frees);
	write_loss(p, note->id, TRACE_LOSS_NESTED, at_load_relaxed(&shared->nested));
	write_loss(p, note->id, TRACE_LOSS_DAMAGED, note->damaged_words);
	write_loss(p, note->id, TRACE_LOSS_FINDINGS, at_load_relaxed(&shared->lost_findings));
	write_loss(p, note->id, TRACE_LOSS_UNJUDGED, at_load_relaxed(&shared->unjudged_releases));
}

static void use_again(struct processes *p, uint32_t index)
{
	p->notes[index] = (struct process_note){ 0 };
	memset(p->session->processes[index].command, 0,
	       sizeof(p->session->processes[index].command));
	struct session_process *shared = &p->session->processes[index];
	memset(&p->session->loaded[index], 0, sizeof(p->session->loaded[index]));
	shared->nested = shared->untracked_frees = 0;
	shared->lost_allocs = shared->lost_frees = shared->lost_findings = 0;
	shared->unjudged_releases = 0;
	shared->foreign_pids = 0;
	shared->pid = 0;
	if (index < p->scan_from)
		p->scan_from = index;
	at_store_release(&shared->state, PROCESS_UNUSED);
}

static void add_gone(struct processes *p, uint32_t index)
{
	if (p->gone_from > KEEP_GONE) {
		p->gone_count -= p->gone_from;
		memmove(p->gone, p->gone + p->gone_from, p->gone_count * sizeof(*p->gone));
		p->gone_from = 0;
	}
	p->gone = mem_grow(p->gone, &p->gone_cap, p->gone_count + 1, sizeof(*p->gone));
	p->gone[p->gone_count++] = index;
	if (p->gone_count - p->gone_from > KEEP_GONE)
		use_again(p, p->gone[p->gone_from++]);
}

void processes_note_end(struct processes *p, uint32_t index, uint64_t status)
{
	struct process_note *note = &p->notes[index];
	if (!see(p, index, false)) {
		/* The tool claimed the record for it, but it died before it filled it in. */
		if (at_load_relaxed(&p->session->processes[index].state) == PROCESS_CLAIMED)
			use_again(p, index);
		return;
	}
	if (note->finished)
		return;
	if (!note->ended)
		p->ended_count++;
	else if (note->status != TRACE_STATUS_UNKNOWN)
		return;
	note->ended = true;
	note->status = status;
}

void processes_note_image_end(struct processes *p, uint32_t index, uint32_t pid)
{
	const struct process_note *note = &p->notes[index];
	uint32_t present = note->seen ? note->pid :
					at_load_relaxed(&p->session->processes[index].pid);
	if (present == pid)
		processes_note_end(p, index, TRACE_STATUS_UNKNOWN);
}

void processes_note_end_of_pid(struct processes *p, uint32_t pid, uint64_t status)
{
	processes_look(p);
	for (uint32_t index = 0; index < p->notes_end; index++)
		if (p->notes[index].seen && !p->notes[index].finished &&
		    p->notes[index].watched && p->notes[index].pid == pid)
			processes_note_end(p, index, status);
}

void processes_finish(struct processes *p, uint32_t index)
{
	struct process_note *note = &p->notes[index];
	processes_write_losses(p, index);
	struct trace_event end = { .op = TRACE_PROCESS_END, .process = note->id,
				   .value = note->status };
	trace_writer_event(p->writer, &end);
	note->finished = true;
	p->live--;
	p->watched_live -= note->watched;
	p->ended_count -= note->ended;
	at_store_release(&p->session->processes[index].state, PROCESS_GONE);
	add_gone(p, index);
}

bool processes_inherits(const struct processes *p, uint32_t user, uint32_t maker)
{
	/* A parent's id is smaller than its child's, so this ends. */
	while (user < p->id_count && user > maker && p->lineage[user].origin == PROCESS_FROM_FORK)
		user = p->lineage[user].parent;
	return user == maker;
}

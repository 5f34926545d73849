/* scan_log.c - see scan_log.h. */
#include "collect/scan_log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomics.h"
#include "elf/elf_file.h"
#include "util/mem.h"
#include "wire/block_layout.h"
#include "wire/roles.h"

/* Where the file of a holder is in the trace, and where it lay. */
struct holder_module {
	uint32_t module_plus_1; /* index in the trace; 0: not known */
	uint64_t bias;
};

struct writing {
	struct collector *c;
	const struct scan_job *job;
	struct holder_module *modules; /* by index in leak_scan.modules */
};

/* ---- modules ---- */

/* /lib may be /usr/lib, and libx.so.6 a link to libx.so.6.1: the kernel's path of a mapping need
 * not be the dynamic linker's. */
static bool is_same_file(const char *path, const struct stat *wanted, const char *other)
{
	struct stat is;
	if (strcmp(path, other) == 0)
		return true;
	return wanted->st_ino && stat(other, &is) == 0 && is.st_dev == wanted->st_dev &&
	       is.st_ino == wanted->st_ino;
}

static uint32_t find_module(struct collector *c, const char *path)
{
	struct stat wanted;
	if (stat(path, &wanted) < 0)
		wanted.st_ino = 0;
	uint32_t count = at_load_acquire(&c->session->header->module_count);
	for (uint32_t i = 0; i < count && i < SESSION_MAX_MODULES; i++) {
		struct session_module copy;
		struct trace_module module;
		if (!tables_read_module(&c->tables, i, &copy, &module) ||
		    module.anonymous_process_plus_1 || !is_same_file(path, &wanted, module.path))
			continue;
		uint32_t index = tables_module(&c->tables, i);
		return index == TRACE_NO_MODULE ? 0 : index + 1;
	}
	return 0;
}

/* From the file's addresses to those in memory: its first segment lies where its mapping begins. */
static uint64_t bias_of(const char *path, uint64_t start)
{
	struct elf_file file;
	Elf64_Phdr first = { .p_vaddr = 0 };
	if (elf_file_open(&file, path, NULL) < 0)
		return start;
	if (!elf_segment_of_type(file.elf, PT_LOAD, &first))
		first.p_vaddr = 0;
	elf_file_close(&file);
	return start - (first.p_vaddr & ~(uint64_t)(SESSION_PAGE - 1));
}

static void find_modules(struct writing *w)
{
	const struct leak_scan *scan = &w->job->scan;
	w->modules = mem_zalloc(scan->module_count, sizeof(*w->modules));
	for (size_t i = 0; i < scan->module_count; i++) {
		w->modules[i].module_plus_1 = find_module(w->c, scan->modules[i]);
		if (w->modules[i].module_plus_1)
			w->modules[i].bias = bias_of(scan->modules[i], scan->module_starts[i]);
	}
}

/* ---- groups ---- */

static uint32_t thread_of_tid(const struct writing *w, uint32_t tid)
{
	const struct slots *slots = &w->c->slots;
	for (uint32_t i = 0; i < slots->count && tid; i++) {
		const struct slot *slot = &slots->items[i];
		if (slot->threads && slot->process == w->job->process_id && slot->tid == tid)
			return slot->thread;
	}
	return TRACE_NO_THREAD;
}

static void write_holder(const struct writing *w, const struct leak_group *from,
			 struct trace_leak_group *to)
{
	uint32_t module = from->holder_module_plus_1;
	to->holder_address = from->holder_address;
	to->holder_thread = thread_of_tid(w, from->holder_tid);
	if (!module || module > w->job->scan.module_count)
		return;
	to->holder_module_plus_1 = w->modules[module - 1].module_plus_1;
	to->holder_address -= w->modules[module - 1].bias;
	if (to->holder_module_plus_1 && from->holder == HOLDER_MODULE)
		held_variables_add(&w->c->held, to->holder_module_plus_1 - 1, to->holder_address);
}

static void convert(const struct writing *w, const struct leak_group *from,
		    struct trace_leak_group *to)
{
	struct collector *c = w->c;
	*to = (struct trace_leak_group){
		.kind = from->kind,
		.role = from->role < ROLE_COUNT ? from->role : (uint8_t)ROLE_MALLOC,
		.holder = from->holder,
		.flags = from->flags,
		.stack = tables_have_node(&c->tables, from->stack) ? from->stack
								   : (uint32_t)NODE_UNKNOWN,
		.thread = slot_thread_of(&c->slots, from->slot, from->counter),
		.allocator = from->allocator,
		.parent_plus_1 = from->parent_plus_1,
		.blocks = from->blocks,
		.bytes = from->bytes,
		.indirect_blocks = from->indirect_blocks,
		.indirect_bytes = from->indirect_bytes,
		.least_bytes = from->least_bytes,
		.most_bytes = from->most_bytes,
		.youngest_ns =
			clock_duration_ns(&c->clock, from->youngest_ticks << BLOCK_TIME_SHIFT),
		.oldest_ns = clock_duration_ns(&c->clock, from->oldest_ticks << BLOCK_TIME_SHIFT),
		.sum_ns = clock_duration_ns(&c->clock, from->sum_ticks << BLOCK_TIME_SHIFT),
		.address = from->address,
		.peek = from->peek,
		.peek_bytes = from->peek_bytes,
	};
	write_holder(w, from, to);
}

static struct trace_leak_sum sum(const struct leak_sum *from)
{
	return (struct trace_leak_sum){ from->blocks, from->bytes };
}

void scan_log_write(struct collector *c, const struct scan_job *job)
{
	struct writing w = { .c = c, .job = job };
	const struct leak_scan *scan = &job->scan;
	struct trace_leak_group *groups = mem_zalloc(scan->group_count, sizeof(*groups));
	uint64_t now_tsc =
		job->now_tsc && job->now_tsc < c->clock.now_tsc ? job->now_tsc : c->clock.now_tsc;
	find_modules(&w);
	for (size_t i = 0; i < scan->group_count; i++)
		convert(&w, &scan->groups[i], &groups[i]);
	struct trace_leak_scan out = {
		.process = job->process_id,
		.thread = thread_of_tid(&w, job->tid),
		.reason = job->reason,
		.method = job->method,
		.time_ns = clock_ns(&c->clock, now_tsc),
		.stopped_ns = job->stopped_ns,
		.took_ns = job->took_ns,
		.inherited = sum(&scan->inherited),
		.ignored = sum(&scan->ignored),
		.older = sum(&scan->older),
		.root_bytes = scan->root_bytes,
		.unreadable_bytes = scan->unreadable_bytes,
		.changing_pages = scan->changing_pages,
		.label = job->label,
		.problem = job->problem.text,
		.groups = groups,
		.group_count = (uint32_t)scan->group_count,
	};
	for (unsigned i = 0; i < LEAK_KINDS; i++)
		out.kinds[i] = sum(&scan->kinds[i]);
	const struct trace_event event = { .op = TRACE_LEAK_SCAN,
					   .process = job->process_id,
					   .value = c->scan_count };
	trace_writer_leak_scan(c->writer, c->scan_count++, &out);
	trace_writer_time(c->writer, out.time_ns);
	trace_writer_event(c->writer, &event);
	free(groups);
	free(w.modules);
}

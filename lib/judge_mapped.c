/* judge_mapped.c - see judge_mapped.h. */
#include "lib/judge_mapped.h"

#include <errno.h>
#include <sys/uio.h>

#include "lib/intern.h"
#include "lib/map_lines.h"
#include "lib/mapped.h"
#include "lib/modules.h"
#include "lib/participant.h"
#include "lib/points.h"
#include "lib/real.h"
#include "lib/sys.h"

/* No memory at all: nobody's block. */
static bool is_unmapped(uintptr_t address)
{
	unsigned char resident;
	uintptr_t page = address & ~(uintptr_t)(SESSION_PAGE - 1);
	if (sys_is_restricted())
		return false;
	return sys_call3(SYS_mincore, page, 1, &resident) == -ENOMEM;
}

/* The call itself is the whole stack that is known. */
static uint32_t node_of(const struct module *m, uintptr_t caller)
{
	return intern_node(NODE_ROOT, m->id, caller - 1 - m->bias);
}

/* What a module maps that carries an allocator is the allocator's, but it is certain only if the
 * allocator's own functions, whose blocks are known, are not hooked. And what one maps that serves
 * the program's heap, or is libc, may well be a block's. */
static bool is_of_hidden(const struct release *r, uint32_t module, struct finding *f)
{
	uint32_t allocator;
	switch (points_carried_by(module, &allocator)) {
	case CARRIED_NOTHING:
		f->class = FINDING_MAPPED;
		return true;
	case CARRIED_HIDDEN:
		f->allocator = (uint16_t)allocator;
		f->class = points_are_gone(allocator) ? FINDING_GONE : FINDING_CROSS;
		f->argument = r->allocator;
		return true;
	default:
		return false;
	}
}

/* The C library maps for itself without being seen, and so do system calls that are made past it.
 */
static bool is_no_heap(uintptr_t address, struct finding *f)
{
	bool ignored;
	if (modules_find(address, &ignored) != MODULE_ANONYMOUS)
		return false; /* which serves the program */
	switch (map_lines_kind(address)) {
	case MAP_LINE_FILE:
		f->class = FINDING_MAPPED;
		return true;
	case MAP_LINE_STACK:
		f->class = FINDING_STACK;
		return true;
	case MAP_LINE_NOTHING:
		break;
	}
	return false;
}

bool judge_mapped(const struct release *r, uintptr_t address, struct finding *f)
{
	struct mapped m;
	if (is_unmapped(address)) {
		f->class = FINDING_UNKNOWN;
		return true;
	}
	if (!mapped_find(address, &m))
		return is_no_heap(address, f);
	uint32_t module = modules_at(m.caller - 1, m.epoch);
	if (module == MODULE_ANONYMOUS || real_serves(modules[module].start, modules[module].end))
		return is_no_heap(address, f);
	f->argument = address - m.low;
	f->size = m.high - m.low;
	if (!is_of_hidden(r, module, f))
		return false;
	f->flags |= FINDING_IN_REGION;
	f->made_stack = node_of(&modules[module], m.caller);
	return true;
}

/* The end of the memory of the same module that goes on behind m, as far as it is wanted. */
static uintptr_t end_of_memory(const struct mapped *m, uintptr_t wanted)
{
	uint32_t module = modules_at(m->caller - 1, m->epoch);
	uintptr_t end = m->high;
	struct mapped next;
	while (end < wanted && mapped_find(end, &next) &&
	       modules_at(next.caller - 1, next.epoch) == module)
		end = next.high;
	return end < wanted ? end : wanted;
}

void judge_mapped_rescue(void *to, uintptr_t from, uint64_t bytes)
{
	struct mapped m;
	if (!to || sys_is_restricted() || from + bytes < from || !mapped_find(from, &m))
		return;
	bytes = end_of_memory(&m, from + bytes) - from;
	/* The kernel copies up to what cannot be read. */
	struct iovec local = { to, bytes }, remote = { (void *)from, bytes };
	sys_call6(SYS_process_vm_readv, sys_getpid(), (long)&local, 1, (long)&remote, 1, 0);
}

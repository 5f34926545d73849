/* alone.c - see alone.h. */
#include "lib/alone.h"

#include <link.h>
#include <sys/resource.h>

#include "base/compiler.h"
#include "lib/elf_symbols.h"
#include "lib/environment.h"
#include "lib/participant.h"
#include "lib/say.h"
#include "lib/sys.h"
#include "lib/tell_here.h"

/* How many nodes there is room for: address space, of which what is used costs memory. Where
 * address space is limited it is the program's, but for a small part. */
enum { MOST_NODE_BITS = 22, LEAST_NODE_BITS = 16, NODE_BITS_STEP = 2, LIMIT_SHARE = 8 };

/* As in wire/session.h, with one process and without hooks and words of rings. */
struct layout {
	uint64_t processes, rings, modules, loaded, findings, intern, nodes, bytes;
	unsigned levels; /* of the intern table; the others lie on the last one, and are not used */
};

static unsigned levels_for(unsigned node_bits)
{
	unsigned levels = 1;
	while (levels < SESSION_INTERN_LEVELS &&
	       session_intern_entries(levels - 1) < UINT64_C(2) << node_bits)
		levels++;
	return levels;
}

static struct layout lay_out(unsigned node_bits)
{
	struct layout l = { .processes = SESSION_PAGE, .levels = levels_for(node_bits) };
	l.rings = l.processes + session_page_up(sizeof(struct session_process));
	l.modules = l.rings + session_page_up(SESSION_MAX_RINGS * sizeof(struct session_ring));
	l.loaded = l.modules + session_page_up(SESSION_MAX_MODULES * sizeof(struct session_module));
	l.findings = l.loaded + session_page_up(sizeof(struct session_loaded));
	l.intern =
		l.findings + session_page_up(SESSION_MAX_FINDINGS * sizeof(struct session_finding));
	l.nodes = l.intern;
	for (unsigned i = 0; i < l.levels; i++)
		l.nodes += session_intern_entries(i) * sizeof(uint32_t);
	l.bytes = l.nodes + (sizeof(struct session_node) << node_bits);
	return l;
}

static void find_parts(char *base, const struct layout *l)
{
	session.header = (struct session_header *)base;
	session.processes = (struct session_process *)(base + l->processes);
	session.rings = (struct session_ring *)(base + l->rings);
	session.modules = (struct session_module *)(base + l->modules);
	session.loaded = (struct session_loaded *)(base + l->loaded);
	session.findings = (struct session_finding *)(base + l->findings);
	session.nodes = (struct session_node *)(base + l->nodes);
	uint64_t at = l->intern;
	for (unsigned i = 0; i < SESSION_INTERN_LEVELS; i++) {
		session.intern[i] = (uint32_t *)(base + at);
		if (i + 1 < l->levels)
			at += session_intern_entries(i) * sizeof(uint32_t);
	}
}

static uint64_t address_space(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	sys_call4(SYS_prlimit64, 0, RLIMIT_AS, 0, &limit);
	return limit.rlim_cur;
}

static bool map_memory(void)
{
	uint64_t most = address_space() / LIMIT_SHARE;
	for (unsigned bits = MOST_NODE_BITS; bits >= LEAST_NODE_BITS; bits -= NODE_BITS_STEP) {
		struct layout l = lay_out(bits);
		char *base = l.bytes <= most ? sys_map_anonymous(l.bytes) : NULL;
		if (!base)
			continue;
		find_parts(base, &l);
		session.max_nodes = 1u << bits;
		session.intern_levels = l.levels;
		return true;
	}
	return false;
}

static void fill_header(const struct environment *e)
{
	struct session_header *h = session.header;
	h->magic = SESSION_MAGIC;
	h->version = SESSION_VERSION;
	h->options = session.options = e->options;
	h->max_depth = session.max_depth = e->max_depth;
	h->on_error = e->on_error;
	h->state = SESSION_CHECKING;
	h->node_count = NODE_FIRST;
	h->allocator_count = 1;
	h->process_count = 1;
}

static void adopt(void)
{
	session.pid = sys_getpid();
	session.process->pid = session.pid;
}

/* The program's calls go to a malloc that comes before the runtime's: the main program's own, or
 * that of a library preloaded before it. Its blocks are then not known, and the few others would be
 * a part of the truth. */
static bool is_passed_by(void)
{
	const struct link_map *own = elf_own_module();
	for (const struct link_map *map = elf_first_module(); map && map != own; map = map->l_next)
		if (elf_symbol_in(map, "malloc"))
			return true;
	return false;
}

bool alone_start(bool had_collector)
{
	struct environment e;
	if (is_passed_by())
		return false;
	environment_read(&e);
	if (!map_memory()) {
		say_line("there is no memory here to look for wrong frees (see ulimit -v)");
		return false;
	}
	fill_header(&e);
	tell_limit(e.max_errors);
	session.process = &session.processes[0];
	session.company = SESSION_ALONE;
	session.had_collector = had_collector;
	adopt();
	session.process->start_tsc = session_clock();
	session.start_ns = sys_monotonic_ns();
	session_describe_process(session.process);
	return true;
}

bool alone_forked(void)
{
	adopt();
	for (uint32_t i = 0; i < SESSION_MAX_FINDINGS; i++)
		if (session.findings[i].key)
			session.findings[i].count = 0;
	return true;
}

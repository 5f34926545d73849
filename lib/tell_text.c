/* tell_text.c - see tell_text.h. */
#include "lib/tell_text.h"

#include <link.h>
#include <stdbool.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/elf_symbols.h"
#include "lib/modules.h"
#include "lib/participant.h"
#include "lib/points.h"
#include "lib/real.h"
#include "lib/sys.h"
#include "wire/events.h"
#include "wire/finding_texts.h"
#include "wire/roles.h"

enum {
	MAX_FRAMES = 64, /* of each stack */
	/* Ages come in steps of some 25 ms: less than that is not known. */
	UNKNOWN_AGE_MS = 30,
};

/* ---- modules and functions ---- */

static const char *path_of(uint32_t id)
{
	return id < SESSION_MAX_MODULES ? session.modules[id].path : "?";
}

static const char *file_name(const char *path)
{
	const char *name = path;
	for (const char *p = path; *p; p++)
		if (*p == '/')
			name = p + 1;
	return name;
}

/* The entry of `modules` that a node is about; one that is loaded, if there is. */
static const struct module *find_module(uint32_t id)
{
	const struct module *gone = NULL;
	for (uint32_t i = MODULE_ANONYMOUS + 1; i < modules_count(); i++) {
		if (modules[i].id != id)
			continue;
		if (!at_load_relaxed(&modules[i].gone))
			return &modules[i];
		gone = &modules[i];
	}
	return gone;
}

static void add_symbol(struct text *out, const struct module *m, uintptr_t address)
{
	uintptr_t start;
	const struct link_map *map = modules_record(m);
	const char *name = map ? elf_symbol_around(map, address, &start) : NULL;
	if (!name)
		return;
	text_add_name(out, name);
	text_char(out, '+');
	text_hex(out, address - start);
	text_char(out, ' ');
}

static void add_frame(struct text *out, unsigned number, const struct session_node *node)
{
	const struct module *m = find_module(node->module);
	uintptr_t address = (m ? m->bias : 0) + node->offset;
	text_add(out, "        #");
	text_number(out, number);
	text_char(out, ' ');
	text_hex(out, address);
	text_add(out, " in ");
	if (m)
		add_symbol(out, m, address);
	text_char(out, '(');
	text_add_name(out, path_of(node->module));
	if (m) {
		text_char(out, '+');
		text_hex(out, node->offset);
	}
	text_add(out, ")\n");
}

static void add_stack(struct text *out, uint32_t stack)
{
	unsigned number = 0, more = 0;
	for (; stack >= NODE_FIRST && stack < session.max_nodes;
	     stack = session.nodes[stack].parent) {
		if (number < MAX_FRAMES)
			add_frame(out, number++, &session.nodes[stack]);
		else if (++more >= SESSION_MAX_DEPTH)
			break;
	}
	if (more) {
		text_add(out, "        ... ");
		text_number(out, more);
		text_add(out, " more\n");
	} else if (stack == NODE_TRUNCATED) {
		text_add(out, "        [deeper than the depth limit]\n");
	} else if (stack == NODE_UNKNOWN) {
		text_add(out, number ? "        [callers not found]\n" : "        [no stack]\n");
	}
}

/* ---- functions of allocators ---- */

/* "malloc()", "mi_free()". hook: of the session, + 1; 0: what the runtime stands in for by name. */
static void add_function(struct text *out, unsigned role, uint32_t hook)
{
	const char *words = role_words(role);
	const char *name = hook && hook <= SESSION_MAX_HOOKS ? session.hooks[hook - 1].name : "";
	if (name[0])
		words = symbol_words(name);
	if (words) {
		text_add(out, words);
		return;
	}
	text_add_name(out, name);
	text_add(out, "()");
}

/* Whose function it is: the instance's name, or the file where the program's own call ends up. */
static void add_owner(struct text *out, unsigned role, uint32_t allocator)
{
	const char *name = points_name(allocator);
	if (name) {
		text_add(out, " of ");
		text_add_name(out, name);
		return;
	}
	if (allocator) {
		text_add(out, " of a pool of the program");
		return;
	}
	struct module_range range;
	uintptr_t f = role < ROLE_COUNT ? (uintptr_t)at_load_relaxed(&real_addresses[role]) : 0;
	const struct link_map *map = f ? modules_map(f, &range) : NULL;
	if (!map)
		return;
	text_add(out, " of ");
	text_add_name(out, map->l_name[0] ? file_name(map->l_name) : "the program");
}

/* ---- what ---- */

static void add_block(struct text *out, const struct finding *f)
{
	text_add(out, "a block of ");
	text_count(out, f->size, "byte");
	text_add(out, " made by ");
	add_function(out, f->made_role, 0);
	add_owner(out, f->made_role, f->allocator);
}

/* No block is known there, but who mapped the memory. */
static bool is_region(const struct finding *f)
{
	return f->flags & FINDING_IN_REGION && !(f->flags & FINDING_HAS_BLOCK);
}

static void add_region(struct text *out, const struct finding *f)
{
	text_add(out, "in a region of ");
	text_count(out, f->size, "byte");
	text_add(out, " that was mapped");
	if (f->class != FINDING_MAPPED && points_name(f->allocator)) {
		text_add(out, " for ");
		text_add_name(out, points_name(f->allocator));
	}
}

static void add_summary(struct text *out, const struct finding *f)
{
	text_add(out, "    ");
	add_function(out, f->role, f->hook);
	add_owner(out, f->role,
		  f->class == FINDING_CROSS || f->class == FINDING_GONE ? (uint32_t)f->argument
									: 0);
	if (f->class == FINDING_SIZE) {
		text_add(out, " with size ");
		text_number(out, f->argument);
	} else if (f->class == FINDING_ALIGNMENT && f->argument) {
		text_add(out, " with alignment ");
		text_number(out, f->argument);
	}
	text_add(out, " got ");
	text_hex(out, f->address);
	text_add(out, ", ");
	if (f->class == FINDING_INTERIOR) {
		text_count(out, f->argument, "byte");
		text_add(out, " into ");
	}
	if (f->flags & FINDING_HAS_BLOCK)
		add_block(out, f);
	else if (is_region(f))
		add_region(out, f);
	else
		text_add(out, finding_place_words(f->class));
	if (f->class == FINDING_DOUBLE)
		text_add(out, ", that had been freed before");
	if (f->class == FINDING_GONE)
		text_add(out, ", which has been unloaded");
	text_char(out, '\n');
}

/* ---- who and when ---- */

/* The clock's speed is what it has been since the start. */
static uint64_t age_ms(uint32_t age)
{
	uint64_t ticks = session_clock() - session.process->start_tsc;
	uint64_t ms = (sys_monotonic_ns() - session.start_ns) / 1000000, rate = ticks / (ms + 1);
	return rate ? ((uint64_t)age << FINDING_AGE_SHIFT) / rate : 0;
}

static void add_age(struct text *out, uint32_t age)
{
	uint64_t ms = age_ms(age);
	text_add(out, "; the block was ");
	if (ms < UNKNOWN_AGE_MS) {
		text_add(out, "under 60 ms");
	} else if (ms < 10000) {
		text_number(out, ms);
		text_add(out, " ms");
	} else {
		text_number(out, ms / 1000);
		text_add(out, " s");
	}
	text_add(out, " old");
}

static void add_outcome(struct text *out, unsigned outcome, unsigned role)
{
	const char *words = finding_outcome_words(outcome, role);
	if (!words)
		return;
	text_add(out, "; ");
	text_add(out, words);
}

static void add_circumstances(struct text *out, const struct finding *f)
{
	text_add(out, "    pid ");
	text_number(out, session.pid);
	if (session.process->exe[0]) {
		text_add(out, " (");
		text_add_name(out, file_name(session.process->exe));
		text_char(out, ')');
	}
	text_add(out, ", thread ");
	text_number(out, sys_gettid());
	if (f->flags & FINDING_HAS_BLOCK)
		add_age(out, f->age);
	add_outcome(out, f->outcome, f->role);
	text_char(out, '\n');
}

/* The slot may have had another thread then. */
static void stack_head(struct text *out, const char *title, uint32_t slot)
{
	text_add(out, title);
	if (slot < SESSION_MAX_RINGS && session.rings[slot].claims == 1) {
		text_add(out, ", thread ");
		text_number(out, session.rings[slot].tid);
	}
	text_add(out, ":\n");
}

void tell_text_finding(struct text *out, const struct finding *f)
{
	const char *title = finding_class_title(f->class, f->role);
	text_add(out, "alloctrace: ");
	text_add(out, title ? title : "wrong free");
	text_char(out, '\n');
	add_summary(out, f);
	add_circumstances(out, f);
	text_add(out,
		 f->role == ROLE_USABLE_SIZE ? "    asked for its size:\n" : "    released:\n");
	add_stack(out, f->stack);
	if (f->flags & FINDING_WAS_FREED) {
		stack_head(out, "    freed before", f->first_slot);
		add_stack(out, f->first_site);
	}
	if (f->flags & FINDING_HAS_BLOCK) {
		stack_head(out, "    made", f->made_slot);
		add_stack(out, f->made_stack);
	} else if (is_region(f)) {
		text_add(out, "    mapped:\n");
		add_stack(out, f->made_stack);
	}
}

/* ---- once ---- */

void tell_text_head(struct text *out)
{
	if (session.company == SESSION_BEREFT || session.had_collector)
		text_add(out, "alloctrace: the collector is gone: recording has ended, wrong frees "
			      "are reported here\n");
}

/* Allocators that are called by names of their own, which nothing leads to the runtime. */
static void tell_unhooked(const struct link_map *map, void *context)
{
	static const char *const functions[] = {
		"je_malloc", "_rjem_malloc", "mallocx",		"mi_malloc",
		"tc_malloc", "sn_malloc",    "scalable_malloc", "rpmalloc",
	};
	struct text *out = context;
	for (size_t i = 0; i < AT_COUNT_OF(functions); i++) {
		if (!elf_symbol_in(map, functions[i]))
			continue;
		text_add(out, "alloctrace: ");
		text_add(out, functions[i]);
		text_add(out, " and its like in ");
		text_add_name(out, map->l_name[0] ? file_name(map->l_name) : "the program");
		text_add(out, " are not hooked without the alloctrace tool\n");
		return;
	}
}

void tell_text_hints(struct text *out)
{
	if (session.company == SESSION_ALONE)
		modules_each(tell_unhooked, out);
	text_add(out,
		 "alloctrace: run the program under `alloctrace` for names, files and lines of "
		 "all frames, and why\n");
}

/* diagnose_unused.c - an allocator that is there, and whose malloc nobody has. */
#include <string.h>

#include "link/diagnose.h"
#include "util/mem.h"
#include "util/path.h"

/* It is meant to be the malloc of programs that it is linked to. */
static bool is_replacement(const struct linked_module *m)
{
	if (m->problem || m->flags & BINDING_UNSEEN || path_is_libc(m->path) ||
	    !heap_is_defined(m, "malloc") || !heap_is_defined(m, "free"))
		return false;
	for (size_t i = 0; i < m->found.count; i++)
		if (!m->found.items[i].layer || m->found.items[i].family == FAMILY_TBBPROXY)
			return true;
	return false;
}

static bool is_used(const struct diagnosing *d, size_t module)
{
	for (size_t i = 0; i < d->linked->count; i++)
		for (size_t k = 0; k < d->calls[i].count; k++) {
			const struct heap_call *c = &d->calls[i].items[k];
			if (c->definer == module && c->uses & HEAP_MALLOC)
				return true;
		}
	return false;
}

static bool is_already_told(const struct diagnosing *d, size_t module)
{
	for (size_t i = 0; i < d->out->count; i++) {
		const struct diagnosis *is = &d->out->items[i];
		for (size_t k = 0; k < is->module_count; k++)
			if (is->modules[k] == module && is->severity != DIAGNOSIS_NOTE &&
			    is->kind <= DIAGNOSIS_HIDDEN_COPY && is->kind > DIAGNOSIS_STATIC_TLS)
				return true;
	}
	return false;
}

/* The module whose malloc serves the program. */
static size_t in_use(const struct diagnosing *d)
{
	struct binding b = linked_search(d->linked, 0, "malloc");
	return b.reason == BINDING_NOT_FOUND ? SIZE_MAX : b.module;
}

static char *say_late(const struct diagnosing *d, size_t module, size_t used)
{
	struct strbuf what = STRBUF_INIT;
	diagnose_add_heap(&what, d, module);
	strbuf_adds(&what, " is loaded after the start, too late for its malloc: ");
	diagnose_add_heap(&what, d, used);
	strbuf_adds(&what, "'s was found before it by all");
	return strbuf_detach(&what);
}

static char *say_unused(const struct diagnosing *d, size_t module, size_t used)
{
	struct strbuf what = STRBUF_INIT;
	diagnose_add_heap(&what, d, module);
	strbuf_adds(&what, " is linked, but its malloc is not in use: ");
	diagnose_add_heap(&what, d, used);
	strbuf_adds(&what,
		    used < module ? " comes before it in the search order" : " is found instead");
	return strbuf_detach(&what);
}

static void unused(struct diagnosing *d, size_t module)
{
	const struct linked_module *m = &d->linked->modules[module];
	size_t used = in_use(d);
	bool is_late = !(m->flags & BINDING_STARTUP);
	if (used == SIZE_MAX || used == module)
		return;
	enum diagnosis_kind kind = is_late ? DIAGNOSIS_LATE
				   : path_is_libc(d->linked->modules[used].path)
					   ? DIAGNOSIS_AFTER_LIBC
					   : DIAGNOSIS_NOT_USED;
	/* What nobody has asked for is only there; what a library needs is meant to serve it. */
	struct diagnosis *is = diagnose_add(
		d, kind, is_late && m->flags & BINDING_OPENED ? DIAGNOSIS_NOTE : DIAGNOSIS_WARNING,
		is_late ? say_late(d, module, used) : say_unused(d, module, used),
		kind == DIAGNOSIS_NOT_USED
			? mem_printf("link the program with one of them, or take %s out of "
				     "LD_PRELOAD",
				     diagnose_name(d, used))
			: diagnose_fix_order(d, module));
	diagnosis_add_module(is, module);
	diagnosis_add_module(is, used);
}

/* ---- what the malloc in use does not have, and nobody calls yet ---- */

static bool has_function(const struct linked_module *m, const char *name)
{
	const struct allocator *is = heap_allocator(m);
	return (is && allocator_function_named(is, name)) || heap_is_defined(m, name);
}

static bool is_called(const struct diagnosing *d, const char *name)
{
	for (size_t i = 0; i < d->linked->count; i++)
		for (size_t k = 0; k < d->calls[i].count; k++)
			if (strcmp(d->calls[i].items[k].symbol, name) == 0)
				return true;
	return false;
}

/* See the glibc manual, "Replacing malloc". Those that are called are told of by diagnose_splits().
 */
static void lacking(struct diagnosing *d)
{
	static const char *const members[] = { "aligned_alloc", "posix_memalign", "memalign",
					       "malloc_usable_size" };
	size_t used = in_use(d);
	struct diagnosis list = { .modules = NULL };
	if (used == SIZE_MAX || path_is_libc(d->linked->modules[used].path) ||
	    heap_is_wrapper(&d->linked->modules[used]) ||
	    !heap_allocator(&d->linked->modules[used]))
		return;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!has_function(&d->linked->modules[used], members[i]) &&
		    !is_called(d, members[i]))
			diagnosis_add_symbol(&list, members[i]);
	if (!list.symbol_count)
		return;
	struct strbuf what = STRBUF_INIT;
	diagnose_add_heap(&what, d, used);
	strbuf_adds(&what, ", whose malloc is in use, does not have ");
	diagnose_add_symbols(&what, &list);
	strbuf_addf(&what, ": nobody calls %s yet, but what is opened later would get libc's",
		    list.symbol_count > 1 ? "them" : "it");
	struct diagnosis *is = diagnose_add(d, DIAGNOSIS_MISSING_MEMBER, DIAGNOSIS_NOTE,
					    strbuf_detach(&what), NULL);
	diagnosis_add_module(is, used);
	/* The names go over to the one that is listed. */
	is->symbols = list.symbols;
	is->symbol_count = list.symbol_count;
	is->symbol_cap = list.symbol_cap;
}

void diagnose_unused(struct diagnosing *d)
{
	lacking(d);
	for (size_t i = 1; i < d->linked->count; i++)
		if (d->linked->modules[i].space == 0 && is_replacement(&d->linked->modules[i]) &&
		    !is_used(d, i) && !is_already_told(d, i))
			unused(d, i);
}

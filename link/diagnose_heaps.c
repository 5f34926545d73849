/* diagnose_heaps.c - several allocators in one program, where blocks of one can get to another. */
#include <stdlib.h>
#include <string.h>

#include "elf/given_blocks.h"
#include "link/diagnose.h"
#include "util/mem.h"
#include "util/path.h"

/* Modules that have the same to be said of them. */
struct group {
	enum diagnosis_kind kind;
	enum diagnosis_severity severity;
	size_t heap;		    /* of the first */
	const struct allocator *is; /* the allocator there; NULL: none that is known */
	size_t common;		    /* whose the heap of the rest is */
	size_t opened;		    /* DEEPBIND: what was opened so */
	uint64_t given;
	struct diagnosis list;
};

struct groups {
	struct group *items;
	size_t count, cap;
};

static bool is_alike(const struct group *g, const struct group *wanted)
{
	if (g->kind != wanted->kind || g->severity != wanted->severity ||
	    g->common != wanted->common || g->opened != wanted->opened)
		return false;
	return g->heap == wanted->heap ||
	       (g->is && wanted->is && g->is->family == wanted->is->family &&
		g->kind != DIAGNOSIS_NAMESPACE);
}

static void add(struct groups *all, const struct group *wanted, size_t module)
{
	struct group *g = NULL;
	for (size_t i = 0; i < all->count && !g; i++)
		if (is_alike(&all->items[i], wanted))
			g = &all->items[i];
	if (!g) {
		all->items = mem_grow(all->items, &all->cap, all->count + 1, sizeof(*all->items));
		g = &all->items[all->count++];
		*g = *wanted;
	}
	g->given |= wanted->given;
	diagnosis_add_module(&g->list, module);
}

/* ---- which of them it is ---- */

/* Of the opening that brought the module; SIZE_MAX: none did, or without RTLD_DEEPBIND. */
static size_t deep_opening(const struct linked *l, size_t module)
{
	if (l->modules[module].flags & BINDING_STARTUP)
		return SIZE_MAX;
	for (size_t i = module + 1; i-- > 0;)
		if (l->modules[i].space == l->modules[module].space &&
		    l->modules[i].flags & BINDING_OPENED)
			return l->modules[i].flags & BINDING_DEEPBIND ? i : SIZE_MAX;
	return SIZE_MAX;
}

static bool is_already_told(const struct diagnosing *d, size_t module)
{
	for (size_t i = 0; i < d->out->count; i++) {
		const struct diagnosis *is = &d->out->items[i];
		if (is->kind != DIAGNOSIS_SPLIT_API && is->kind != DIAGNOSIS_MISSING_MEMBER)
			continue;
		for (size_t k = 0; k < is->module_count; k++)
			if (is->modules[k] == module)
				return true;
	}
	return false;
}

/* The allocator in it has no way by which others could call it. */
static bool is_hidden(const struct heap_call *call, const struct linked_module *m)
{
	return call->is_own && !heap_is_defined(m, call->symbol);
}

/* The module's malloc is not the one that most have. */
static void other_heap(struct diagnosing *d, struct groups *all, size_t module,
		       const struct heap_call *call, size_t common)
{
	const struct linked_module *m = &d->linked->modules[module];
	struct group g = { .kind = DIAGNOSIS_TWO_ALLOCATORS,
			   .severity = m->given ? DIAGNOSIS_ERROR : DIAGNOSIS_WARNING,
			   .heap = call->heap,
			   .is = heap_allocator(&d->linked->modules[call->heap]),
			   .common = common,
			   .opened = deep_opening(d->linked, module),
			   .given = m->given };
	if (g.opened != SIZE_MAX)
		g.kind = DIAGNOSIS_DEEPBIND;
	else if (m->given)
		g.kind = DIAGNOSIS_GIVEN_BLOCKS;
	else if (is_hidden(call, m))
		g.kind = DIAGNOSIS_HIDDEN_COPY;
	add(all, &g, module);
}

static bool calls_free(const struct heap_calls *calls)
{
	for (size_t i = 0; i < calls->count; i++)
		if (strcmp(calls->items[i].symbol, "free") == 0)
			return true;
	return false;
}

/* An allocator that is linked in, under names of its own or stripped of them. */
static void private_heap(struct diagnosing *d, struct groups *all, size_t module, size_t common)
{
	const struct linked_module *m = &d->linked->modules[module];
	const struct allocator *is = heap_allocator(m);
	struct group g = { .kind = DIAGNOSIS_PRIVATE_HEAP,
			   .severity = DIAGNOSIS_NOTE,
			   .heap = module,
			   .is = is,
			   .common = common,
			   .opened = SIZE_MAX };
	if (!is || is->linkage == ALLOCATOR_SHARED || path_is_libc(m->path) || heap_is_wrapper(m))
		return;
	/* Nothing in it frees what strdup() and its like return, unless by that allocator. */
	if (m->given && !calls_free(&d->calls[module])) {
		g.kind = DIAGNOSIS_HIDDEN_COPY;
		g.severity = DIAGNOSIS_WARNING;
		g.given = m->given;
	}
	add(all, &g, module);
}

/* As long as there is one allocator. */
static void harmless_deepbind(struct diagnosing *d, struct groups *all, size_t module,
			      const struct heap_call *call)
{
	const struct group g = { .kind = DIAGNOSIS_DEEPBIND,
				 .severity = DIAGNOSIS_NOTE,
				 .heap = call->heap,
				 .is = heap_allocator(&d->linked->modules[call->heap]),
				 .common = call->heap,
				 .opened = deep_opening(d->linked, module) };
	add(all, &g, module);
}

static void look_at(struct diagnosing *d, struct groups *all, size_t module, size_t common)
{
	const struct linked_module *m = &d->linked->modules[module];
	const struct heap_call *call = diagnose_main_call(&d->calls[module]);
	if (m->problem || m->flags & BINDING_UNSEEN || path_is_libc(m->path) ||
	    is_already_told(d, module))
		return;
	if (call && call->heap != common && m->space == 0)
		other_heap(d, all, module, call, common);
	else if (call && deep_opening(d->linked, module) != SIZE_MAX)
		harmless_deepbind(d, all, module, call);
	else if (!call || call->heap != module)
		private_heap(d, all, module, common);
}

static void look_at_space(struct diagnosing *d, struct groups *all, size_t module, size_t common)
{
	const struct heap_call *call = diagnose_main_call(&d->calls[module]);
	if (!call || call->heap == common || path_is_libc(d->linked->modules[module].path))
		return;
	const struct group g = { .kind = DIAGNOSIS_NAMESPACE,
				 .severity = DIAGNOSIS_WARNING,
				 .heap = call->heap,
				 .is = heap_allocator(&d->linked->modules[call->heap]),
				 .common = common,
				 .opened = SIZE_MAX };
	add(all, &g, module);
}

/* ---- in words ---- */

static void add_given(struct strbuf *out, uint64_t given)
{
	struct diagnosis names = { .symbols = NULL };
	for (unsigned i = 0; given_blocks_name(i); i++)
		if (given >> i & 1)
			diagnosis_add_symbol(&names, given_blocks_name(i));
	diagnose_add_symbols(out, &names);
	for (size_t i = 0; i < names.symbol_count; i++)
		free(names.symbols[i]);
	free(names.symbols);
}

static const char *kind_of(const struct group *g)
{
	return g->is && g->is->family != FAMILY_OWN ? g->is->name : "an allocator";
}

static void add_owner(struct strbuf *out, const struct diagnosing *d, const struct group *g)
{
	if (g->list.module_count == 1 && g->list.modules[0] == g->heap)
		strbuf_addf(out, "%s linked into it", kind_of(g));
	else if (g->list.modules[0] == g->heap)
		strbuf_addf(out, "a copy of %s linked into each", kind_of(g));
	else
		diagnose_add_heap(out, d, g->heap);
}

static char *say_what(const struct diagnosing *d, const struct group *g)
{
	bool several = g->list.module_count > 1;
	struct strbuf what = STRBUF_INIT;
	diagnose_add_modules(&what, d, g->list.modules, g->list.module_count);
	switch (g->kind) {
	case DIAGNOSIS_PRIVATE_HEAP:
		strbuf_addf(&what, " %s %s for %s own use, beside the malloc of ",
			    several ? "carry" : "carries", kind_of(g), several ? "their" : "its");
		diagnose_add_heap(&what, d, g->common);
		return strbuf_detach(&what);
	case DIAGNOSIS_NAMESPACE:
		strbuf_addf(&what, " %s in a namespace of %s own (dlmopen()), with a malloc of ",
			    several ? "are" : "is", several ? "their" : "its");
		break;
	case DIAGNOSIS_DEEPBIND:
		if (g->severity == DIAGNOSIS_NOTE) {
			strbuf_addf(&what,
				    " %s opened with RTLD_DEEPBIND: another allocator that is "
				    "preloaded would not serve %s",
				    several ? "were" : "was", several ? "them" : "it");
			return strbuf_detach(&what);
		}
		strbuf_addf(&what, ", opened with RTLD_DEEPBIND, %s malloc and free of ",
			    several ? "have" : "has");
		break;
	default:
		strbuf_addf(&what, " %s malloc and free of ", several ? "have" : "has");
		break;
	}
	add_owner(&what, d, g);
	bool is_copy = g->kind == DIAGNOSIS_NAMESPACE &&
		       strcmp(diagnose_name(d, g->heap), diagnose_name(d, g->common)) == 0;
	strbuf_adds(&what,
		    is_copy ? " that is another copy than the program's" : ", the rest that of ");
	if (!is_copy)
		diagnose_add_heap(&what, d, g->common);
	if (!g->given) {
		strbuf_adds(&what, ": a block that gets from one to the other is freed wrongly");
		return strbuf_detach(&what);
	}
	strbuf_addf(&what, "; %s ", several ? "they call" : "it calls");
	add_given(&what, g->given);
	strbuf_addf(&what, ", %s blocks %s own free does not know",
		    g->given & (g->given - 1) ? "which return" : "which returns",
		    several ? "their" : "its");
	return strbuf_detach(&what);
}

static char *say_fix(const struct diagnosing *d, const struct group *g)
{
	switch (g->kind) {
	case DIAGNOSIS_PRIVATE_HEAP:
		return NULL;
	case DIAGNOSIS_DEEPBIND:
		return mem_printf("open %s without RTLD_DEEPBIND", diagnose_name(d, g->opened));
	case DIAGNOSIS_NAMESPACE:
		return mem_strdup("hand no blocks over: let each side free what it has made");
	case DIAGNOSIS_HIDDEN_COPY:
	case DIAGNOSIS_GIVEN_BLOCKS:
	default:
		break;
	}
	if (g->list.modules[0] != g->heap)
		return diagnose_fix_order(d, g->heap);
	return mem_printf("build %s without it, or with a prefix of its own (jemalloc: "
			  "--with-jemalloc-prefix) and %s",
			  g->list.module_count > 1 ? "them" : diagnose_name(d, g->heap),
			  g->given ? "free what the C library returned with the plain free()"
				   : "hand no block of it to others");
}

static void conclude(struct diagnosing *d, struct groups *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct group *g = &all->items[i];
		struct diagnosis *is =
			diagnose_add(d, g->kind, g->severity, say_what(d, g), say_fix(d, g));
		for (size_t k = 0; k < g->list.module_count; k++)
			diagnosis_add_module(is, g->list.modules[k]);
		diagnosis_add_module(is, g->heap);
		diagnosis_add_module(is, g->common);
		for (unsigned k = 0; given_blocks_name(k); k++)
			if (g->given >> k & 1)
				diagnosis_add_symbol(is, given_blocks_name(k));
		free(g->list.modules);
	}
	free(all->items);
}

/* ---- operators beside malloc ---- */

static void operators_apart(struct diagnosing *d)
{
	struct diagnosis list = { .modules = NULL };
	size_t first = SIZE_MAX, other = SIZE_MAX;
	for (size_t i = 0; i < d->linked->count; i++) {
		const struct heap_call *kept = diagnose_main_call(&d->calls[i]);
		for (size_t k = 0; kept && k < d->calls[i].count; k++) {
			const struct heap_call *c = &d->calls[i].items[k];
			if (!(c->uses & HEAP_OPERATOR) || c->heap == kept->heap)
				continue;
			first = first == SIZE_MAX ? c->heap : first;
			other = other == SIZE_MAX ? kept->heap : other;
			diagnosis_add_module(&list, i);
		}
	}
	if (!list.module_count)
		return;
	struct strbuf what = STRBUF_INIT;
	strbuf_adds(&what, "operators new and delete of ");
	diagnose_add_modules(&what, d, list.modules, list.module_count);
	strbuf_adds(&what, " use the heap of ");
	diagnose_add_heap(&what, d, first);
	strbuf_adds(&what, ", malloc and free that of ");
	diagnose_add_heap(&what, d, other);
	struct diagnosis *is = diagnose_add(d, DIAGNOSIS_OPERATORS_APART, DIAGNOSIS_NOTE,
					    strbuf_detach(&what), NULL);
	for (size_t i = 0; i < list.module_count; i++)
		diagnosis_add_module(is, list.modules[i]);
	free(list.modules);
}

/* Whose malloc most have: the C library's own calls go there, too. */
static size_t common_heap(struct diagnosing *d)
{
	size_t heap = heap_of_libc(d->linked, 0);
	for (size_t i = 0; heap == SIZE_MAX && i < d->linked->count; i++) {
		const struct heap_call *call = diagnose_main_call(&d->calls[i]);
		heap = call ? call->heap : SIZE_MAX;
	}
	return heap;
}

void diagnose_heaps(struct diagnosing *d)
{
	struct groups all = { NULL, 0, 0 };
	size_t common = common_heap(d);
	if (common == SIZE_MAX)
		return;
	for (size_t i = 0; i < d->linked->count; i++) {
		if (d->linked->modules[i].space == 0)
			look_at(d, &all, i, common);
		else
			look_at_space(d, &all, i, common);
	}
	conclude(d, &all);
	operators_apart(d);
}

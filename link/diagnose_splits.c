/* diagnose_splits.c - what belongs together, and goes to two allocators in one and the same module:
 * malloc and free, new and delete, malloc and a function of the allocator's own. */
#include <stdlib.h>
#include <string.h>

#include "link/diagnose.h"
#include "util/mem.h"

/* One for each pair of modules that a family is split between; all modules that are so go to it. */
struct split {
	enum diagnosis_kind kind;
	size_t kept, other; /* whose functions */
	size_t kept_heap;
	bool is_both_ways;     /* of the other's there are such that make and such that release */
	bool is_freed_plainly; /* it releases none of the other's but by the kept free() */
	enum binding_reason reason; /* of the first that is the other's */
	bool is_own;		    /* the kept one is the module's own */
	struct diagnosis list;	    /* its modules and symbols alone */
};

struct splits {
	struct split *items;
	size_t count, cap;
};

static struct split *split_for(struct splits *all, enum diagnosis_kind kind,
			       const struct heap_call *kept, const struct heap_call *other)
{
	for (size_t i = 0; i < all->count; i++) {
		struct split *s = &all->items[i];
		if (s->kind == kind && s->kept == kept->definer && s->other == other->definer)
			return s;
	}
	all->items = mem_grow(all->items, &all->cap, all->count + 1, sizeof(*all->items));
	all->items[all->count] = (struct split){ .kind = kind,
						 .kept = kept->definer,
						 .other = other->definer,
						 .kept_heap = kept->heap,
						 .is_own = kept->is_own,
						 .reason = other->binding.reason };
	return &all->items[all->count++];
}

static void add_split(struct splits *all, enum diagnosis_kind kind, size_t module,
		      const struct heap_call *kept, const struct heap_call *other)
{
	struct split *s = split_for(all, kind, kept, other);
	diagnosis_add_module(&s->list, module);
	diagnosis_add_symbol(&s->list, other->symbol);
}

/* ---- the malloc family ---- */

static const struct heap_call *call_named(const struct heap_calls *calls, const char *symbol)
{
	for (size_t i = 0; i < calls->count; i++)
		if (strcmp(calls->items[i].symbol, symbol) == 0)
			return &calls->items[i];
	return NULL;
}

static bool has_member(const struct linked_module *m, const char *symbol)
{
	for (size_t i = 0; i < m->found.count; i++)
		if (allocator_function_named(&m->found.items[i], symbol))
			return true;
	return heap_is_defined(m, symbol);
}

const struct heap_call *diagnose_main_call(const struct heap_calls *calls)
{
	static const char *const names[] = { "free", "malloc", "realloc", "calloc" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct heap_call *call = call_named(calls, names[i]);
		if (call)
			return call;
	}
	for (size_t i = 0; i < calls->count; i++)
		if (calls->items[i].uses & HEAP_MALLOC)
			return &calls->items[i];
	return NULL;
}

static void split_malloc(struct diagnosing *d, struct splits *all, size_t module)
{
	const struct heap_calls *calls = &d->calls[module];
	const struct heap_call *kept = diagnose_main_call(calls);
	for (size_t i = 0; kept && i < calls->count; i++) {
		const struct heap_call *c = &calls->items[i];
		if (!(c->uses & HEAP_MALLOC) || c->heap == kept->heap)
			continue;
		bool has = has_member(&d->linked->modules[kept->definer], c->symbol);
		add_split(all, has ? DIAGNOSIS_SPLIT_API : DIAGNOSIS_MISSING_MEMBER, module, kept,
			  c);
	}
}

/* ---- an allocator's own functions ---- */

/* Without a prefix they are meant for malloc's blocks: sdallocx(), malloc_size(). */
static bool is_prefixed(const struct linked_module *m, const char *symbol)
{
	for (size_t i = 0; i < m->found.count; i++) {
		const struct allocator *is = &m->found.items[i];
		size_t prefix = strlen(is->prefix);
		if (!is->layer && prefix && strncmp(symbol, is->prefix, prefix) == 0)
			return true;
	}
	return false;
}

/* Whether the heap's own functions of that use are called. */
static bool has_api(const struct heap_calls *calls, size_t heap, enum heap_use use)
{
	for (size_t i = 0; i < calls->count; i++)
		if (calls->items[i].heap == heap && calls->items[i].uses & HEAP_API &&
		    calls->items[i].uses & use)
			return true;
	return false;
}

/* It makes blocks by functions of a prefix, and releases none so: by free(), most likely. */
static bool is_freed_plainly(const struct heap_calls *calls, size_t heap,
			     const struct heap_call *kept)
{
	return strcmp(kept->symbol, "free") == 0 && !has_api(calls, heap, HEAP_RELEASES);
}

static void split_api(struct diagnosing *d, struct splits *all, size_t module)
{
	const struct heap_calls *calls = &d->calls[module];
	const struct heap_call *kept = diagnose_main_call(calls);
	for (size_t i = 0; kept && i < calls->count; i++) {
		const struct heap_call *c = &calls->items[i];
		const struct linked_module *other = &d->linked->modules[c->definer];
		bool makes = has_api(calls, c->heap, HEAP_MAKES);
		if (!(c->uses & HEAP_API) || c->heap == kept->heap ||
		    !heap_is_defined(other, "malloc"))
			continue;
		bool freed = makes && is_prefixed(other, c->symbol);
		if (freed && !is_freed_plainly(calls, c->heap, kept))
			continue;
		add_split(all, DIAGNOSIS_SPLIT_API, module, kept, c);
		struct split *s = split_for(all, DIAGNOSIS_SPLIT_API, kept, c);
		s->is_both_ways |= makes;
		s->is_freed_plainly |= freed;
	}
}

/* ---- operators ---- */

static const struct heap_call *main_operator(const struct heap_calls *calls, unsigned aligned)
{
	const struct heap_call *found = NULL;
	for (size_t i = 0; i < calls->count; i++) {
		const struct heap_call *c = &calls->items[i];
		if (!(c->uses & HEAP_OPERATOR) || (c->uses & HEAP_ALIGNED) != aligned)
			continue;
		if (strcmp(c->symbol, "_Znwm") == 0)
			return c;
		if (!found || (c->uses & HEAP_MAKES && !(found->uses & HEAP_MAKES)))
			found = c;
	}
	return found;
}

static void split_operators(struct diagnosing *d, struct splits *all, size_t module,
			    unsigned aligned)
{
	const struct heap_calls *calls = &d->calls[module];
	const struct heap_call *kept = main_operator(calls, aligned);
	for (size_t i = 0; kept && i < calls->count; i++) {
		const struct heap_call *c = &calls->items[i];
		if (c->uses & HEAP_OPERATOR && (c->uses & HEAP_ALIGNED) == aligned &&
		    c->heap != kept->heap)
			add_split(all, DIAGNOSIS_SPLIT_OPERATORS, module, kept, c);
	}
}

/* ---- in words ---- */

static char *say_what(const struct diagnosing *d, const struct split *s)
{
	struct strbuf what = STRBUF_INIT;
	diagnose_add_symbols(&what, &s->list);
	strbuf_adds(&what, " of ");
	diagnose_add_modules(&what, d, s->list.modules, s->list.module_count);
	strbuf_addf(&what, " %s ", s->list.symbol_count > 1 ? "are those of" : "is that of");
	diagnose_add_heap(&what, d, s->other);
	strbuf_addf(&what, ", but %s %s ", s->list.module_count > 1 ? "their" : "its",
		    s->kind == DIAGNOSIS_SPLIT_OPERATORS ? "operator new" : "malloc and free");
	if (s->kind == DIAGNOSIS_SPLIT_OPERATORS)
		strbuf_adds(&what, "that of ");
	else
		strbuf_adds(&what, "those of ");
	diagnose_add_heap(&what, d, s->kept);
	if (s->kind == DIAGNOSIS_MISSING_MEMBER)
		strbuf_addf(&what, ", which %s not have %s", "does",
			    s->list.symbol_count > 1 ? "them" : "it");
	strbuf_adds(&what, s->is_freed_plainly ? ": nothing but that free is called to release them"
			   : s->is_both_ways   ? ": blocks of one must not get to the other"
					       : ": blocks of one get to the other");
	return strbuf_detach(&what);
}

static char *say_fix(const struct diagnosing *d, const struct split *s)
{
	const struct linked_module *kept = &d->linked->modules[s->kept];
	const struct linked_module *other = &d->linked->modules[s->other];
	struct strbuf fix = STRBUF_INIT;
	if (s->kind == DIAGNOSIS_MISSING_MEMBER) {
		strbuf_adds(&fix, "add ");
		diagnose_add_symbols(&fix, &s->list);
		strbuf_addf(&fix, " to %s, or use an allocator that has %s, or do not call %s",
			    diagnose_name(d, s->kept), s->list.symbol_count > 1 ? "them" : "it",
			    s->list.symbol_count > 1 ? "them" : "it");
		return strbuf_detach(&fix);
	}
	if (s->kind == DIAGNOSIS_SPLIT_OPERATORS && s->kept == 0) {
		strbuf_addf(&fix, "define all operators new and delete in %s, or none",
			    diagnose_name(d, s->kept));
		return strbuf_detach(&fix);
	}
	if (s->reason == BINDING_BY_DEEPBIND)
		return mem_strdup("open it without RTLD_DEEPBIND");
	/* The one that has all that is called serves all. */
	bool other_is_whole = heap_allocator(other) && heap_is_defined(other, "malloc") &&
			      heap_is_defined(other, "free") && !s->is_own;
	return diagnose_fix_order(d, other_is_whole || !heap_allocator(kept) ? s->other : s->kept);
}

static void conclude(struct diagnosing *d, struct splits *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct split *s = &all->items[i];
		struct diagnosis *is = diagnose_add(
			d, s->kind, s->is_both_ways ? DIAGNOSIS_WARNING : DIAGNOSIS_ERROR,
			say_what(d, s), say_fix(d, s));
		for (size_t k = 0; k < s->list.module_count; k++)
			diagnosis_add_module(is, s->list.modules[k]);
		diagnosis_add_module(is, s->other);
		diagnosis_add_module(is, s->kept);
		for (size_t k = 0; k < s->list.symbol_count; k++) {
			diagnosis_add_symbol(is, s->list.symbols[k]);
			free(s->list.symbols[k]);
		}
		free(s->list.modules);
		free(s->list.symbols);
	}
	free(all->items);
}

void diagnose_splits(struct diagnosing *d)
{
	struct splits all = { NULL, 0, 0 };
	for (size_t i = 0; i < d->linked->count; i++) {
		split_malloc(d, &all, i);
		split_api(d, &all, i);
		split_operators(d, &all, i, 0);
		split_operators(d, &all, i, HEAP_ALIGNED);
	}
	conclude(d, &all);
}

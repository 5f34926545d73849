/* heaps.c - see heaps.h. */
#include "link/heaps.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "util/mem.h"
#include "util/path.h"
#include "wire/roles.h"

enum { HANDED_ON_MAX = 8 }; /* steps from a name to the heap behind it */

/* ---- what names do ---- */

#define GROUP_MALLOC	HEAP_MAKES
#define GROUP_NEW	HEAP_MAKES
#define GROUP_NEW_ARRAY HEAP_MAKES
#define GROUP_RELEASE	HEAP_RELEASES
#define GROUP_QUERY	HEAP_RELEASES

static unsigned group_of(unsigned role)
{
	static const unsigned char groups[] = {
#define ROLE(name, symbol, group, words) GROUP_##group,
#include "wire/roles.def"
#undef ROLE
	};
	bool is_both = role == ROLE_REALLOC || role == ROLE_REALLOCARRAY;
	return groups[role] | (is_both ? (unsigned)HEAP_RELEASES : 0);
}

static unsigned plain_uses(const char *name)
{
	for (unsigned role = 0; role < ROLE_POOL_ALLOC; role++) {
		if (strcmp(role_symbol(role), name) != 0)
			continue;
		if (role < ROLE_NEW)
			return group_of(role) | HEAP_MALLOC;
		return group_of(role) | HEAP_OPERATOR |
		       (strstr(name, "align_val_t") ? (unsigned)HEAP_ALIGNED : 0);
	}
	return 0;
}

/* Of an allocator's function, by the name without its prefix. */
static unsigned api_uses(const char *name)
{
	static const struct {
		const char *name;
		unsigned role;
		const char *arguments;
	} functions[] = {
#define FUNCTION(name, role, arguments) { name, ROLE_##role, arguments },
#include "wire/functions.def"
#undef FUNCTION
	};
	for (size_t i = 0; i < AT_COUNT_OF(functions); i++) {
		if (strcmp(functions[i].name, name) != 0)
			continue;
		unsigned uses = group_of(functions[i].role);
		/* Whole heaps, and those that move a block where it lies, make none. */
		if (strpbrk(functions[i].arguments, "HV"))
			return 0;
		if (strpbrk(functions[i].arguments, "ex"))
			return HEAP_API | HEAP_RELEASES;
		if (strpbrk(functions[i].arguments, "pfi"))
			uses |= HEAP_RELEASES;
		return HEAP_API | uses;
	}
	return 0;
}

/* ---- allocators in modules ---- */

const struct allocator *heap_allocator(const struct linked_module *m)
{
	const struct allocator *best = NULL;
	for (size_t i = 0; i < m->found.count; i++) {
		const struct allocator *is = &m->found.items[i];
		if (is->layer)
			continue;
		if (!best || (allocator_function_named(is, "malloc") &&
			      !allocator_function_named(best, "malloc")))
			best = is;
	}
	return best;
}

static const struct binding_symbol *defined(const struct linked_module *m, const char *name)
{
	for (size_t i = 0; i < m->file.symbol_count; i++) {
		const struct binding_symbol *s = &m->file.symbols[i];
		if (s->flags & BINDING_DEFINED && !(s->flags & BINDING_LOCAL) &&
		    strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

bool heap_is_defined(const struct linked_module *m, const char *name)
{
	return defined(m, name) != NULL;
}

/* ---- who a name leads to ---- */

static const struct linked_import *import_of(const struct linked_module *m, const char *name)
{
	for (size_t i = 0; i < m->import_count; i++)
		if (strcmp(m->file.symbols[m->imports[i].symbol].name, name) == 0)
			return &m->imports[i];
	return NULL;
}

/* What a process holds, if it is a definition of the name. A stub in the program stands for the
 * function and leads on to it, and so does a hook most likely. */
static size_t held_by(const struct linked *l, const struct linked_import *import, const char *name)
{
	size_t held = import->slot == LINKED_SLOT_BOUND ? import->value_module : SIZE_MAX;
	if (held >= l->count)
		return SIZE_MAX;
	return defined(&l->modules[held], name) ? held : SIZE_MAX;
}

static size_t definer_by_import(const struct linked *l, const struct linked_import *import,
				const char *name)
{
	size_t held = held_by(l, import, name);
	if (held != SIZE_MAX)
		return held;
	return import->binding.reason == BINDING_NOT_FOUND ? SIZE_MAX : import->binding.module;
}

/* The name as the module itself would call it, if it did. */
static size_t lead(const struct linked *l, size_t module, const char *name, struct heap_call *out)
{
	const struct linked_import *import = import_of(&l->modules[module], name);
	/* A stub in the program that stands for the function's address leads on to the function. */
	bool is_stub = import && import->binding.reason != BINDING_NOT_FOUND &&
		       !(import->binding.symbol->flags & BINDING_DEFINED);
	if (import && !is_stub) {
		out->binding = import->binding;
		return definer_by_import(l, import, name);
	}
	out->binding = linked_search(l, module, name);
	return out->binding.reason == BINDING_NOT_FOUND ? SIZE_MAX : out->binding.module;
}

/* libstdc++'s operators call the first of their kind, and that one malloc() and free(). */
static const char *operator_behind(const char *name)
{
	bool is_new = strncmp(name, "_Zn", 3) == 0;
	if (strstr(name, "align_val_t")) {
		const char *base = is_new ? "_ZnwmSt11align_val_t" : "_ZdlPvSt11align_val_t";
		return strcmp(name, base) != 0 ? base : is_new ? "aligned_alloc" : "free";
	}
	const char *base = is_new ? "_Znwm" : "_ZdlPv";
	return strcmp(name, base) != 0 ? base : is_new ? "malloc" : "free";
}

bool heap_is_wrapper(const struct linked_module *m)
{
	const struct allocator *is = heap_allocator(m);
	return is && is->family == FAMILY_OWN && m->looks_up;
}

/* What libraries define beside the C library: libbsd's reallocarray() calls realloc(). */
static const char *malloc_behind(const char *name, unsigned uses)
{
	if (strncmp(name, "realloc", 7) == 0)
		return strcmp(name, "realloc") != 0 ? "realloc" : NULL;
	return uses & HEAP_MAKES ? "malloc" : "free";
}

/* What the function calls to do its work; NULL: it does it itself. */
static const char *handed_to(const struct linked_module *m, const char *name)
{
	unsigned uses = plain_uses(name);
	if (path_is_libcxx(m->path) && uses & HEAP_OPERATOR)
		return operator_behind(name);
	if (path_is_libc(m->path))
		return strcmp(name, "reallocarray") == 0 ? "realloc" : NULL;
	if (uses & HEAP_MALLOC && !m->found.count && !defined(m, "malloc"))
		return malloc_behind(name, uses);
	for (size_t i = 0; i < m->found.count; i++) {
		const struct allocator *is = &m->found.items[i];
		if (!is->layer || !allocator_function_named(is, name) || heap_allocator(m))
			continue;
		if (is->family == FAMILY_OPERATORS && uses & HEAP_OPERATOR)
			return operator_behind(name);
		if (is->family != FAMILY_TBBPROXY)
			continue;
		return uses & HEAP_MAKES ? "scalable_malloc" : "__TBB_malloc_safer_free";
	}
	return NULL;
}

static size_t libc_of(const struct linked *l, size_t module)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->modules[i].space == l->modules[module].space && !l->modules[i].problem &&
		    path_is_libc(l->modules[i].path) && defined(&l->modules[i], "malloc"))
			return i;
	return module;
}

static size_t heap_behind(const struct linked *l, size_t definer, const char *name)
{
	for (unsigned i = 0; i < HANDED_ON_MAX; i++) {
		struct heap_call next = { .symbol = name };
		name = handed_to(&l->modules[definer], name);
		if (!name)
			break;
		/* A program's own operators may call anything: they are followed by what it
		 * imports. */
		if (!path_is_libcxx(l->modules[definer].path) &&
		    !import_of(&l->modules[definer], name) && !defined(&l->modules[definer], name))
			break;
		size_t to = lead(l, definer, name, &next);
		if (to == SIZE_MAX)
			break;
		definer = to;
	}
	return heap_is_wrapper(&l->modules[definer]) ? libc_of(l, definer) : definer;
}

static void add(struct heap_calls *calls, const struct heap_call *call)
{
	calls->items = mem_grow(calls->items, &calls->cap, calls->count + 1, sizeof(*calls->items));
	calls->items[calls->count++] = *call;
}

static bool is_there(const struct heap_calls *calls, const char *symbol)
{
	for (size_t i = 0; i < calls->count; i++)
		if (strcmp(calls->items[i].symbol, symbol) == 0)
			return true;
	return false;
}

static void add_own(struct heap_calls *calls, const struct linked *l, const char *symbol,
		    size_t module)
{
	const struct heap_call call = { .symbol = symbol,
					.uses = plain_uses(symbol),
					.definer = module,
					.heap = heap_behind(l, module, symbol),
					.is_own = true };
	if (call.uses && !is_there(calls, symbol))
		add(calls, &call);
}

static unsigned uses_of(const struct linked_module *definer, const char *name)
{
	unsigned uses = plain_uses(name);
	for (size_t i = 0; i < definer->found.count && !uses; i++) {
		const struct allocator *is = &definer->found.items[i];
		size_t prefix = strlen(is->prefix);
		if (is->layer || !allocator_function_named(is, name))
			continue;
		uses = strncmp(name, is->prefix, prefix) == 0 ? api_uses(name + prefix) : 0;
		uses = uses ? uses : api_uses(name);
	}
	return uses;
}

/* The module calls the symbol by way of the dynamic linker. */
static void add_bound(struct heap_calls *calls, const struct linked *l, size_t module,
		      const char *symbol)
{
	struct heap_call call = { .symbol = symbol };
	call.definer = lead(l, module, symbol, &call);
	if (call.definer == SIZE_MAX || l->modules[call.definer].flags & BINDING_UNSEEN)
		return;
	call.uses = uses_of(&l->modules[call.definer], symbol);
	/* An allocator's own code refers to its functions, too. */
	if (!call.uses || is_there(calls, symbol) ||
	    (call.uses & HEAP_API && heap_is_defined(&l->modules[module], symbol)))
		return;
	call.heap = heap_behind(l, call.definer, symbol);
	add(calls, &call);
}

/* An allocator's own library: that it has functions does not mean that it calls them. */
static bool is_allocator_library(const struct linked_module *m)
{
	const struct allocator *is = heap_allocator(m);
	return is && is->linkage == ALLOCATOR_SHARED && !path_is_libc(m->path);
}

static bool calls_any(const struct heap_calls *calls, unsigned uses)
{
	for (size_t i = 0; i < calls->count; i++)
		if (calls->items[i].uses & uses)
			return true;
	return false;
}

/* What it exports and has no relocation for, as with -Bsymbolic-functions. A library that calls
 * others of the kind by way of the dynamic linker only has them for others to call; a program's own
 * are always its own. */
static void add_exported(struct heap_calls *calls, const struct linked *l, size_t module)
{
	const struct linked_module *m = &l->modules[module];
	const unsigned kinds = HEAP_MALLOC | HEAP_OPERATOR;
	unsigned called = 0;
	for (unsigned kind = 1; module != 0 && kind <= kinds; kind <<= 1)
		called |= kind & kinds && calls_any(calls, kind) ? kind : 0;
	for (size_t i = 0; i < m->file.symbol_count; i++) {
		const struct binding_symbol *s = &m->file.symbols[i];
		if (s->flags & BINDING_DEFINED && !(s->flags & BINDING_LOCAL) &&
		    !(plain_uses(s->name) & called))
			add_own(calls, l, s->name, module);
	}
}

/* Those that nobody else can call. */
static void add_hidden(struct heap_calls *calls, const struct linked *l, size_t module)
{
	const struct linked_module *m = &l->modules[module];
	for (size_t i = 0; i < m->found.count; i++) {
		const struct allocator *is = &m->found.items[i];
		for (size_t k = 0; !is->layer && k < is->function_count; k++)
			if (is->functions[k].flags & ALLOCATOR_FUNCTION_PLAIN &&
			    !heap_is_defined(m, is->functions[k].name))
				add_own(calls, l, is->functions[k].name, module);
	}
}

void heap_calls_read(struct heap_calls *out, const struct linked *l, size_t module)
{
	const struct linked_module *m = &l->modules[module];
	*out = (struct heap_calls){ NULL, 0, 0 };
	if (m->problem || m->flags & BINDING_UNSEEN || is_allocator_library(m))
		return;
	for (size_t i = 0; i < m->import_count; i++)
		add_bound(out, l, module, m->file.symbols[m->imports[i].symbol].name);
	if (path_is_libc(m->path) || path_is_libcxx(m->path))
		return;
	add_exported(out, l, module);
	add_hidden(out, l, module);
}

void heap_calls_release(struct heap_calls *calls)
{
	free(calls->items);
	memset(calls, 0, sizeof(*calls));
}

size_t heap_of_libc(const struct linked *l, uint32_t space)
{
	for (size_t i = 0; i < l->count; i++) {
		struct heap_call call = { .symbol = "malloc" };
		if (l->modules[i].space != space || l->modules[i].problem ||
		    !path_is_libc(l->modules[i].path) || !defined(&l->modules[i], "malloc"))
			continue;
		size_t definer = lead(l, i, "malloc", &call);
		return definer == SIZE_MAX ? SIZE_MAX : heap_behind(l, definer, "malloc");
	}
	return SIZE_MAX;
}

/* uses.c - see uses.h. */
#include "link/uses.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "util/mem.h"
#include "util/path.h"
#include "wire/roles.h"

enum { MOST_LAYERS = 4 }; /* that hand on to each other */

/* What a symbol of a module leads to. */
struct target {
	size_t module, allocator, via;
	struct binding binding;
	bool is_own;
};

static const struct target nowhere = { .module = SIZE_MAX,
				       .allocator = SIZE_MAX,
				       .via = SIZE_MAX,
				       .binding = { .passed_over = SIZE_MAX } };

/* ---- the allocator of a module ---- */

/* The one in the module that has the function; layers count as others do. */
static size_t allocator_with(const struct linked_module *m, const char *symbol)
{
	size_t layer = SIZE_MAX;
	for (size_t i = 0; i < m->found.count; i++) {
		if (!allocator_function_named(&m->found.items[i], symbol))
			continue;
		if (!m->found.items[i].layer)
			return i;
		if (layer == SIZE_MAX)
			layer = i;
	}
	return layer;
}

/* The only one that is no layer. */
static size_t only_allocator(const struct linked_module *m)
{
	size_t only = SIZE_MAX;
	for (size_t i = 0; i < m->found.count; i++) {
		if (m->found.items[i].layer)
			continue;
		if (only != SIZE_MAX)
			return SIZE_MAX;
		only = i;
	}
	return only;
}

/* ---- what a name leads to ---- */

static const struct linked_import *import_of(const struct linked_module *m, const char *symbol)
{
	for (size_t i = 0; i < m->import_count; i++)
		if (strcmp(m->file.symbols[m->imports[i].symbol].name, symbol) == 0)
			return &m->imports[i];
	return NULL;
}

/* A function of the module's own that no other can take the place of. */
static bool is_hidden_own(const struct linked_module *m, const char *symbol)
{
	size_t at = allocator_with(m, symbol);
	if (at == SIZE_MAX || import_of(m, symbol))
		return false;
	return !(allocator_function_named(&m->found.items[at], symbol)->flags &
		 ALLOCATOR_FUNCTION_EXPORTED) ||
	       m->file.symbol_count == 0;
}

static struct target definer_of(const struct linked *l, size_t user, const char *symbol)
{
	const struct linked_module *m = &l->modules[user];
	const struct linked_import *import = import_of(m, symbol);
	struct target to = nowhere;
	if (is_hidden_own(m, symbol)) {
		to.module = user;
		to.is_own = true;
		return to;
	}
	to.binding = import ? import->binding : linked_search(l, user, symbol);
	/* The program's address of a function that it does not define itself: a jump to it. */
	if (to.binding.reason != BINDING_NOT_FOUND && !(to.binding.symbol->flags & BINDING_DEFINED))
		to.binding = linked_search(l, user, symbol);
	if (to.binding.reason != BINDING_NOT_FOUND)
		to.module = to.binding.module;
	/* What the process holds, where it is not what was found: that may lie behind a stub. */
	if (import && import->slot == LINKED_SLOT_BOUND && import->value_module < l->count &&
	    (import->binding.reason == BINDING_NOT_FOUND ||
	     import->binding.module != import->value_module))
		to.module = import->value_module;
	return to;
}

static bool ends_with(const char *name, const char *end)
{
	size_t bytes = strlen(name), end_bytes = strlen(end);
	return bytes > end_bytes && strcmp(name + bytes - end_bytes, end) == 0;
}

/* The name that a layer calls to serve the symbol: malloc or free, or where it defines these itself
 * a name of the allocator's own that ends so ("scalable_malloc"). NULL: not seen. */
static const char *handed_on_to(const struct linked *l, size_t module, const char *symbol)
{
	const struct linked_module *m = &l->modules[module];
	unsigned group = use_group_of(symbol);
	const char *base = group == USE_FREE || group == USE_DELETE ? "free"
			   : group == USE_SIZE			    ? "msize"
								    : "malloc";
	if (strcmp(symbol, base) != 0 && import_of(m, base))
		return base;
	for (size_t i = 0; i < m->import_count; i++) {
		const char *name = m->file.symbols[m->imports[i].symbol].name;
		if (!ends_with(name, base))
			continue;
		struct target to = definer_of(l, module, name);
		if (to.module != SIZE_MAX &&
		    allocator_with(&l->modules[to.module], name) != SIZE_MAX)
			return name;
	}
	return NULL;
}

/* The C library's reallocarray() calls realloc() by name, and so whoever has taken its place. */
static bool is_behind_realloc(const struct linked_module *m, const char *symbol)
{
	return strcmp(symbol, "reallocarray") == 0 && path_is_libc(m->path) &&
	       import_of(m, "realloc");
}

/* Whether the search may end in it. */
static bool is_served(const struct linked_module *m, size_t allocator)
{
	return allocator != SIZE_MAX && !m->found.items[allocator].layer;
}

static struct target target_of(const struct linked *l, size_t user, const char *symbol)
{
	struct target first = definer_of(l, user, symbol), to = first;
	if (to.module != SIZE_MAX && is_behind_realloc(&l->modules[to.module], symbol)) {
		to = definer_of(l, to.module, "realloc");
		symbol = "realloc";
	}
	for (unsigned depth = 0; depth < MOST_LAYERS && to.module != SIZE_MAX; depth++) {
		const struct linked_module *m = &l->modules[to.module];
		to.allocator = allocator_with(m, symbol);
		if (is_served(m, to.allocator))
			break;
		size_t only = only_allocator(m);
		const char *next = only == SIZE_MAX ? handed_on_to(l, to.module, symbol) : NULL;
		if (!next) {
			/* A function of an allocator that is not listed, or one that is stripped.
			 */
			to.allocator = only != SIZE_MAX ? only : to.allocator;
			break;
		}
		struct target behind = definer_of(l, to.module, next);
		if (behind.module == SIZE_MAX)
			break;
		if (first.via == SIZE_MAX)
			first.via = to.module;
		to = behind;
		symbol = next;
	}
	first.module = to.module;
	first.allocator = to.allocator;
	first.is_own = first.is_own && first.via == SIZE_MAX;
	return first;
}

/* ---- all of them ---- */

static void add_symbol(struct use *u, const char *symbol)
{
	u->symbols = mem_grow(u->symbols, &u->symbol_cap, u->symbol_count + 1, sizeof(*u->symbols));
	u->symbols[u->symbol_count++] = symbol;
}

/* The use of this user that has the allocator; made if there is none from `first` on. */
static struct use *use_for(struct uses *out, size_t first, size_t user, enum use_kind kind,
			   const struct target *to)
{
	for (size_t i = first; i < out->count; i++)
		if (out->items[i].kind == kind && out->items[i].module == to->module &&
		    out->items[i].allocator == to->allocator)
			return &out->items[i];
	out->items = mem_grow(out->items, &out->cap, out->count + 1, sizeof(*out->items));
	struct use *u = &out->items[out->count++];
	*u = (struct use){ .kind = kind,
			   .user = user,
			   .module = to->module,
			   .allocator = to->allocator,
			   .via = to->via,
			   .binding = to->binding };
	return u;
}

static void add(struct uses *out, size_t first, const struct linked *l, size_t user,
		const char *symbol)
{
	struct target to = target_of(l, user, symbol);
	add_symbol(use_for(out, first, user, to.is_own ? USE_OWN : USE_BOUND, &to), symbol);
}

static bool has_use(const struct uses *out, size_t first, size_t user, size_t allocator)
{
	for (size_t i = first; i < out->count; i++)
		if (out->items[i].module == user && out->items[i].allocator == allocator)
			return true;
	return false;
}

/* Those that nobody is bound to, and that are no library to be called from outside. */
static void add_inside(struct uses *out, size_t first, const struct linked *l, size_t user)
{
	const struct linked_module *m = &l->modules[user];
	for (size_t i = 0; i < m->found.count; i++) {
		const struct allocator *is = &m->found.items[i];
		if (is->layer || is->linkage == ALLOCATOR_SHARED || has_use(out, first, user, i))
			continue;
		struct target to = nowhere;
		to.module = user;
		to.allocator = i;
		const bool is_rust = m->rust_allocator == i;
		struct use *u = use_for(out, first, user, is_rust ? USE_OWN : USE_INSIDE, &to);
		u->is_rust = is_rust;
		for (size_t n = 0; n < is->function_count; n++)
			add_symbol(u, is->functions[n].name);
	}
}

/* Its own malloc, new, ... that is hidden. */
static void add_own(struct uses *out, size_t first, const struct linked *l, size_t user)
{
	const struct linked_module *m = &l->modules[user];
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		if (use_group_of(role_symbol(role)) != USE_API &&
		    is_hidden_own(m, role_symbol(role)))
			add(out, first, l, user, role_symbol(role));
}

static int compare_malloc_first(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int p = strcmp(x, "malloc") != 0, q = strcmp(y, "malloc") != 0;
	if (p != q)
		return p - q;
	unsigned g = use_group_of(x), h = use_group_of(y);
	if (g != h)
		return g < h ? -1 : 1;
	/* new before new[] */
	if ((g == USE_NEW || g == USE_DELETE) && x[3] != y[3])
		return x[3] == 'a' ? 1 : -1;
	return strcmp(x, y);
}

/* So that what is told of first is malloc's. Each name once. */
static void add_sorted(struct uses *out, size_t first, const struct linked *l, size_t user,
		       const char **names, size_t count)
{
	if (count)
		qsort(names, count, sizeof(*names), compare_malloc_first);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			add(out, first, l, user, names[i]);
	free(names);
}

static bool has_symbol(const struct uses *u, size_t user, const char *symbol)
{
	for (size_t i = 0; i < u->count; i++)
		for (size_t n = 0; u->items[i].user == user && n < u->items[i].symbol_count; n++)
			if (strcmp(u->items[i].symbols[n], symbol) == 0)
				return true;
	return false;
}

/* What a program defines it calls directly. */
static void add_exported(struct uses *out, size_t first, const struct linked *l, size_t user)
{
	const struct linked_module *m = &l->modules[user];
	const char **names = mem_zalloc(m->file.symbol_count + 1, sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < m->file.symbol_count && user == 0; i++) {
		const struct binding_symbol *s = &m->file.symbols[i];
		if (s->flags & BINDING_DEFINED && !(s->flags & BINDING_OTHER_VERSION) &&
		    allocator_with(m, s->name) != SIZE_MAX && !has_symbol(out, user, s->name))
			names[count++] = s->name;
	}
	add_sorted(out, first, l, user, names, count);
}

/* Names that only end like those of allocation functions ("SSL_free") are none, nor are the calls
 * of an allocator's library inside itself. */
static bool is_of_allocator(const struct linked *l, size_t user, const struct linked_import *import,
			    const char *name)
{
	if (use_group_of(name) != USE_API)
		return true;
	if (import->binding.reason == BINDING_NOT_FOUND && import->slot != LINKED_SLOT_BOUND)
		return false;
	size_t module =
		import->slot == LINKED_SLOT_BOUND ? import->value_module : import->binding.module;
	if (module >= l->count)
		return false;
	const struct linked_module *m = &l->modules[module];
	size_t allocator = allocator_with(m, name);
	return is_served(m, allocator) &&
	       (module != user || m->found.items[allocator].linkage != ALLOCATOR_SHARED);
}

static void add_imports(struct uses *out, size_t first, const struct linked *l, size_t user)
{
	const struct linked_module *m = &l->modules[user];
	const char **names = mem_zalloc(m->import_count + 1, sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < m->import_count; i++) {
		const char *name = m->file.symbols[m->imports[i].symbol].name;
		if (is_of_allocator(l, user, &m->imports[i], name))
			names[count++] = name;
	}
	add_sorted(out, first, l, user, names, count);
}

void uses_find(struct uses *out, const struct linked *l)
{
	*out = (struct uses)USES_INIT;
	for (size_t i = 0; i < l->count; i++) {
		size_t first = out->count;
		add_imports(out, first, l, i);
		add_exported(out, first, l, i);
		add_own(out, first, l, i);
		add_inside(out, first, l, i);
	}
}

void use_release(struct use *u)
{
	free(u->symbols);
	memset(u, 0, sizeof(*u));
}

void uses_release(struct uses *u)
{
	for (size_t i = 0; i < u->count; i++)
		use_release(&u->items[i]);
	free(u->items);
	*u = (struct uses)USES_INIT;
}

void use_of_program(struct use *out, const struct linked *l)
{
	struct uses one = USES_INIT;
	add(&one, 0, l, 0, "malloc");
	*out = one.items[0];
	free(one.items);
	if (out->module == SIZE_MAX)
		out->symbol_count = 0;
}

/* ---- asked of them ---- */

const struct allocator *use_allocator(const struct linked *l, const struct use *u)
{
	return u->module < l->count && u->allocator < l->modules[u->module].found.count
		       ? &l->modules[u->module].found.items[u->allocator]
		       : NULL;
}

bool use_is_same(const struct use *a, const struct use *b)
{
	return a->module == b->module && a->allocator == b->allocator;
}

enum use_group use_group_of(const char *symbol)
{
	if (bindings_is_operator(symbol))
		return symbol[2] == 'n' ? USE_NEW : USE_DELETE;
	for (unsigned role = 0; role < ROLE_POOL_ALLOC; role++) {
		if (strcmp(role_symbol(role), symbol) != 0)
			continue;
		if (role == ROLE_USABLE_SIZE)
			return USE_SIZE;
		if (role_is_release(role))
			return USE_FREE;
		return role >= ROLE_POSIX_MEMALIGN && role <= ROLE_PVALLOC ? USE_ALIGNED
									   : USE_MALLOC;
	}
	return USE_API;
}

unsigned use_groups(const struct use *u)
{
	unsigned groups = 0;
	for (size_t i = 0; i < u->symbol_count; i++)
		groups |= use_group_of(u->symbols[i]);
	return groups;
}

bool use_takes_blocks(const struct use *u)
{
	for (size_t i = 0; i < u->symbol_count; i++)
		if (use_group_of(u->symbols[i]) != USE_SIZE &&
		    strcmp(u->symbols[i], "reallocarray") != 0)
			return true;
	return false;
}

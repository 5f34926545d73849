/* diagnosis.c - see diagnosis.h; the list, its order and the words that its parts share. */
#include "link/diagnosis.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "link/diagnose.h"
#include "util/mem.h"
#include "util/path.h"

enum { NAMES_SHOWN = 4 };

static const char *const kind_names[] = {
	[DIAGNOSIS_NOT_FOUND] = "not-found",
	[DIAGNOSIS_STATIC_TLS] = "static-tls",
	[DIAGNOSIS_SPLIT_API] = "split-api",
	[DIAGNOSIS_MISSING_MEMBER] = "missing-member",
	[DIAGNOSIS_SPLIT_OPERATORS] = "split-operators",
	[DIAGNOSIS_GIVEN_BLOCKS] = "given-blocks",
	[DIAGNOSIS_DEEPBIND] = "deepbind",
	[DIAGNOSIS_NAMESPACE] = "namespace",
	[DIAGNOSIS_TWO_ALLOCATORS] = "two-allocators",
	[DIAGNOSIS_HIDDEN_COPY] = "hidden-copy",
	[DIAGNOSIS_AFTER_LIBC] = "after-libc",
	[DIAGNOSIS_NOT_USED] = "not-used",
	[DIAGNOSIS_LATE] = "late",
	[DIAGNOSIS_DIFFERS] = "differs",
	[DIAGNOSIS_TEXT_RELOCATIONS] = "text-relocations",
	[DIAGNOSIS_EXECUTABLE_STACK] = "executable-stack",
	[DIAGNOSIS_SETUID] = "setuid",
	[DIAGNOSIS_OPERATORS_APART] = "operators-apart",
	[DIAGNOSIS_PRIVATE_HEAP] = "private-heap",
};
static_assert(AT_COUNT_OF(kind_names) == DIAGNOSIS_KINDS, "a name for each kind");

const char *diagnosis_kind_name(enum diagnosis_kind kind)
{
	return kind < DIAGNOSIS_KINDS ? kind_names[kind] : "?";
}

const char *diagnosis_severity_name(enum diagnosis_severity severity)
{
	static const char *const names[] = { "error", "warning", "note" };
	return severity < AT_COUNT_OF(names) ? names[severity] : "?";
}

/* ---- the list ---- */

struct diagnosis *diagnose_add(struct diagnosing *d, enum diagnosis_kind kind,
			       enum diagnosis_severity severity, char *what, char *fix)
{
	struct diagnoses *all = d->out;
	all->items = mem_grow(all->items, &all->cap, all->count + 1, sizeof(*all->items));
	struct diagnosis *is = &all->items[all->count++];
	*is = (struct diagnosis){ .kind = kind, .severity = severity, .what = what, .fix = fix };
	return is;
}

void diagnosis_add_module(struct diagnosis *is, size_t module)
{
	for (size_t i = 0; i < is->module_count; i++)
		if (is->modules[i] == module)
			return;
	is->modules =
		mem_grow(is->modules, &is->module_cap, is->module_count + 1, sizeof(*is->modules));
	is->modules[is->module_count++] = module;
}

void diagnosis_add_symbol(struct diagnosis *is, const char *symbol)
{
	for (size_t i = 0; i < is->symbol_count; i++)
		if (strcmp(is->symbols[i], symbol) == 0)
			return;
	is->symbols =
		mem_grow(is->symbols, &is->symbol_cap, is->symbol_count + 1, sizeof(*is->symbols));
	is->symbols[is->symbol_count++] = mem_strdup(symbol);
}

static void release(struct diagnosis *is)
{
	for (size_t i = 0; i < is->symbol_count; i++)
		free(is->symbols[i]);
	free(is->symbols);
	free(is->modules);
	free(is->what);
	free(is->fix);
}

void diagnosed_free(struct diagnosed *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->problems.count; i++)
		release(&d->problems.items[i]);
	free(d->problems.items);
	static_tls_release(&d->static_tls);
	free(d);
}

static bool comes_before(const struct diagnosis *a, const struct diagnosis *b)
{
	return a->severity != b->severity ? a->severity < b->severity : a->kind < b->kind;
}

/* By insertion, which keeps the modules' order; the list is short. */
static void rank(struct diagnoses *d)
{
	for (size_t i = 1; i < d->count; i++) {
		struct diagnosis is = d->items[i];
		size_t at = i;
		for (; at > 0 && comes_before(&is, &d->items[at - 1]); at--)
			d->items[at] = d->items[at - 1];
		d->items[at] = is;
	}
}

void diagnose(struct linked *l, const struct static_tls_tunables *tunables)
{
	struct diagnosed *all = mem_zalloc(1, sizeof(*all));
	struct diagnosing d = { .linked = l,
				.tunables = tunables,
				.out = &all->problems,
				.static_tls = &all->static_tls };
	static_tls_lay_out(&all->static_tls, l, tunables);
	d.calls = mem_zalloc(l->count + 1, sizeof(*d.calls));
	for (size_t i = 0; i < l->count; i++)
		heap_calls_read(&d.calls[i], l, i);
	diagnose_loading(&d);
	diagnose_static_tls(&d);
	diagnose_splits(&d);
	diagnose_heaps(&d);
	diagnose_unused(&d);
	for (size_t i = 0; i < l->count; i++)
		heap_calls_release(&d.calls[i]);
	free(d.calls);
	rank(&all->problems);
	diagnosed_free(l->diagnosed);
	l->diagnosed = all;
}

/* ---- words ---- */

const char *diagnose_name(const struct diagnosing *d, size_t module)
{
	return module < d->linked->count ? path_name(d->linked->modules[module].path) : "?";
}

void diagnose_add_heap(struct strbuf *out, const struct diagnosing *d, size_t module)
{
	const struct linked_module *m = &d->linked->modules[module];
	const struct allocator *is = heap_allocator(m);
	const char *name = diagnose_name(d, module);
	if (!is || strstr(name, is->name) || path_is_libc(m->path))
		strbuf_adds(out, name);
	else if (is->family == FAMILY_OWN)
		strbuf_addf(out, "an allocator in %s", name);
	else
		strbuf_addf(out, "the %s in %s", is->name, name);
}

static void add_separator(struct strbuf *out, size_t i, size_t count)
{
	if (i == 0)
		return;
	strbuf_adds(out, i + 1 < count ? ", " : " and ");
}

static size_t shown_of(size_t count)
{
	return count > NAMES_SHOWN ? NAMES_SHOWN : count;
}

static void add_symbol(struct strbuf *out, const char *symbol)
{
	bool is_new = strncmp(symbol, "_Zn", 3) == 0, is_delete = strncmp(symbol, "_Zd", 3) == 0;
	if (!is_new && !is_delete) {
		strbuf_adds(out, symbol);
		return;
	}
	strbuf_addf(out, "operator %s%s", is_new ? "new" : "delete", symbol[3] == 'a' ? "[]" : "");
	bool is_aligned = strstr(symbol, "align_val_t"), is_nothrow = strstr(symbol, "nothrow_t");
	bool is_sized = is_delete && strncmp(symbol + 4, "Pvm", 3) == 0;
	if (is_aligned || is_nothrow || is_sized)
		strbuf_addf(out, " (%s%s%s)",
			    is_sized	 ? "sized"
			    : is_nothrow ? "nothrow"
					 : "",
			    is_aligned && (is_sized || is_nothrow) ? ", " : "",
			    is_aligned ? "aligned" : "");
}

void diagnose_add_symbols(struct strbuf *out, const struct diagnosis *is)
{
	size_t shown = shown_of(is->symbol_count);
	bool more = shown < is->symbol_count;
	for (size_t i = 0; i < shown; i++) {
		add_separator(out, i, shown + more);
		add_symbol(out, is->symbols[i]);
	}
	if (more)
		strbuf_addf(out, " and %zu more", is->symbol_count - shown);
}

void diagnose_add_modules(struct strbuf *out, const struct diagnosing *d, const size_t *modules,
			  size_t count)
{
	size_t shown = shown_of(count);
	bool more = shown < count;
	for (size_t i = 0; i < shown; i++) {
		add_separator(out, i, shown + more);
		strbuf_adds(out, diagnose_name(d, modules[i]));
	}
	if (more)
		strbuf_addf(out, " and %zu more", count - shown);
}

/* The loader preloads nothing by a path for a program with set-user-id. */
char *diagnose_fix_order(const struct diagnosing *d, size_t keep)
{
	const struct linked_module *m = &d->linked->modules[keep];
	const char *name = diagnose_name(d, keep);
	if (d->linked->count && d->linked->modules[0].marks & LINKED_SETUID)
		return mem_printf("name %s before all other libraries when %s is linked (it is "
				  "set-user-id: LD_PRELOAD does nothing)",
				  name, diagnose_name(d, 0));
	return mem_printf("start it with LD_PRELOAD=%s, or name %s before all other libraries when "
			  "%s is linked",
			  m->path, name, diagnose_name(d, 0));
}

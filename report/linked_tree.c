/* linked_tree.c - see linked_graph.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "link/link_words.h"
#include "link/uses.h"
#include "report/columns.h"
#include "report/instance_words.h"
#include "report/linked_graph.h"
#include "util/mem.h"
#include "util/path.h"

enum { MOST_SYMBOLS = 2, MOST_DEPTH = 64 };

struct tree {
	const struct linked *l;
	const struct graph_style *style;
	struct uses uses;
	struct use program; /* who serves its malloc */
	bool *has_shown;    /* of each module: itself or one below is to be shown */
	struct columns table;
	struct strbuf indent; /* of the line, drawn */
};

/* Children are those that were first wanted by it, in the order of loading. */
static size_t next_child(const struct linked *l, size_t parent, size_t after)
{
	for (size_t i = after; i < l->count; i++)
		if (l->modules[i].wanted_by == parent && i != parent && i != 0)
			return i;
	return SIZE_MAX;
}

static bool uses_shown(const struct tree *t, size_t module)
{
	const struct shown_names *shown = t->style->shown;
	if (!shown || !shown->symbol_count)
		return true;
	for (size_t i = 0; i < t->uses.count; i++)
		for (size_t n = 0; n < t->uses.items[i].symbol_count; n++)
			if (t->uses.items[i].user == module &&
			    shown_symbol(shown, t->uses.items[i].symbols[n]))
				return true;
	return false;
}

/* Parents come before what they want: from the end, each marks the one above. */
static void mark_shown(struct tree *t)
{
	for (size_t i = t->l->count; i-- > 0;) {
		const struct linked_module *m = &t->l->modules[i];
		t->has_shown[i] = t->has_shown[i] ||
				  (shown_module(t->style->shown, m->path) && uses_shown(t, i));
		if (t->has_shown[i] && m->wanted_by < i)
			t->has_shown[m->wanted_by] = true;
	}
}

static size_t next_shown(const struct tree *t, size_t parent, size_t after)
{
	size_t child = next_child(t->l, parent, after);
	while (child != SIZE_MAX && !t->has_shown[child])
		child = next_child(t->l, parent, child + 1);
	return child;
}

/* ---- a line ---- */

static bool is_odd(const struct tree *t, const struct use *u)
{
	return use_allocator(t->l, u) && use_takes_blocks(u) && t->program.symbol_count &&
	       !use_is_same(u, &t->program);
}

static void add_carried(const struct linked_module *m, struct strbuf *out)
{
	for (size_t i = 0; i < m->found.count; i++) {
		const struct allocator *is = &m->found.items[i];
		if (is->layer)
			continue;
		strbuf_adds(out, out->len ? "; " : "");
		link_add_allocator(out, is);
		if (is->linkage != ALLOCATOR_SHARED)
			strbuf_addf(out, " (%s)", linkage_words(is->linkage));
	}
}

/* Only what is to be shown; the caller frees the symbols. */
static struct use shown_part(const struct tree *t, const struct use *u)
{
	struct use part = *u;
	part.symbols = mem_zalloc(u->symbol_count + 1, sizeof(*part.symbols));
	part.symbol_count = 0;
	for (size_t i = 0; i < u->symbol_count; i++)
		if (shown_symbol(t->style->shown, u->symbols[i]))
			part.symbols[part.symbol_count++] = u->symbols[i];
	return part;
}

/* "jemalloc 5.3.0", "jemalloc 5.3.0 in libplug.so" */
static void add_provider(const struct tree *t, const struct use *u, struct strbuf *out)
{
	const struct allocator *is = use_allocator(t->l, u);
	if (u->module >= t->l->count) {
		strbuf_adds(out, "not found");
		return;
	}
	const char *name = path_name(t->l->modules[u->module].path);
	if (!is) {
		strbuf_adds(out, name);
		return;
	}
	link_add_allocator(out, is);
	if (u->module == u->user && is->linkage != ALLOCATOR_SHARED)
		strbuf_adds(out, " (its own)");
	else if (is->linkage != ALLOCATOR_SHARED)
		strbuf_addf(out, " in %s", name);
}

/* The first is most of what it uses; of the others the functions are told. */
static enum column_style add_uses(const struct tree *t, size_t module, struct strbuf *out)
{
	enum column_style style = COLUMN_PLAIN;
	for (size_t i = 0; i < t->uses.count; i++) {
		const struct use *u = &t->uses.items[i];
		if (u->user != module || u->kind == USE_INSIDE)
			continue;
		struct use part = shown_part(t, u);
		if (part.symbol_count) {
			if (out->len || (t->style->shown && t->style->shown->symbol_count)) {
				strbuf_adds(out, out->len ? "; " : "");
				link_add_symbols(out, &part, MOST_SYMBOLS);
				strbuf_adds(out, ": ");
			}
			add_provider(t, u, out);
			if (u->module >= t->l->count)
				style = COLUMN_BAD;
			else if (is_odd(t, u) && style == COLUMN_PLAIN)
				style = COLUMN_ODD;
		}
		free(part.symbols);
	}
	return style;
}

static const char *found_words(enum linked_found found)
{
	switch (found) {
	case LINKED_BY_RPATH:
		return "RPATH";
	case LINKED_BY_RUNPATH:
		return "RUNPATH";
	case LINKED_BY_ENVIRONMENT:
		return "LD_LIBRARY_PATH";
	default: /* nothing out of the way */
		return NULL;
	}
}

static void add_place(const struct linked_module *m, struct strbuf *out)
{
	const char *how = found_words(m->found_by);
	strbuf_adds(out, m->path);
	if (how)
		strbuf_addf(out, " (%s)", how);
	if (m->wanted_by != SIZE_MAX)
		return;
	strbuf_adds(out, m->flags & BINDING_OPENED    ? " (dlopen)"
			 : m->flags & BINDING_STARTUP ? " (preloaded)"
						      : "");
}

static void add_line(struct tree *t, size_t module, const char *branch)
{
	const struct linked_module *m = &t->l->modules[module];
	struct strbuf text = STRBUF_INIT;
	bool is_missing = module && m->found_by == LINKED_NOT_FOUND;
	strbuf_addf(&text, "%s%s%s", t->indent.text, branch, path_name(m->path));
	columns_add(&t->table, text.text, module ? COLUMN_PLAIN : COLUMN_BOLD);
	strbuf_clear(&text);
	enum column_style style = add_uses(t, module, &text);
	columns_add(&t->table, text.text, style);
	strbuf_clear(&text);
	add_carried(m, &text);
	columns_add(&t->table, text.text,
		    text.len && module != t->program.module ? COLUMN_ODD : COLUMN_PLAIN);
	strbuf_clear(&text);
	if (is_missing)
		strbuf_adds(&text, "not found");
	else if (module)
		add_place(m, &text);
	else
		strbuf_adds(&text, m->path);
	columns_add(&t->table, text.text, is_missing ? COLUMN_BAD : COLUMN_DIM);
	strbuf_release(&text);
}

/* ---- the tree ---- */

static void add_below(struct tree *t, size_t parent, unsigned depth)
{
	const bool ascii = t->style->ascii;
	size_t before = t->indent.len;
	for (size_t i = next_shown(t, parent, 0), next; i != SIZE_MAX && depth < MOST_DEPTH;
	     i = next) {
		next = next_shown(t, parent, i + 1);
		bool last = next == SIZE_MAX;
		add_line(t, i, ascii ? (last ? "`- " : "|- ") : last ? "└─ " : "├─ ");
		strbuf_adds(&t->indent, last ? "   " : ascii ? "|  " : "│  ");
		add_below(t, i, depth + 1);
		strbuf_truncate(&t->indent, before);
	}
}

static void add_root(struct tree *t, size_t module)
{
	add_line(t, module, "");
	add_below(t, module, 0);
}

void linked_tree(const struct linked *l, const struct graph_style *style, struct strbuf *out)
{
	static const struct column columns[] = { { "module", false, true },
						 { "allocates by", false, true },
						 { "carries", false, true },
						 { "file", false, true } };
	struct tree t = { .l = l, .style = style, .indent = STRBUF_INIT };
	if (!l->count)
		return;
	t.has_shown = mem_zalloc(l->count, sizeof(bool));
	uses_find(&t.uses, l);
	use_of_program(&t.program, l);
	mark_shown(&t);
	columns_init(&t.table, columns, 4);
	add_root(&t, 0);
	for (size_t i = 1; i < l->count; i++)
		if (l->modules[i].wanted_by == SIZE_MAX && t.has_shown[i])
			add_root(&t, i);
	columns_write(&t.table, out, style->width, style->color);
	columns_release(&t.table);
	use_release(&t.program);
	uses_release(&t.uses);
	strbuf_release(&t.indent);
	free(t.has_shown);
}

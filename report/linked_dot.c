/* linked_dot.c - see linked_graph.h. Names come from files: every label is escaped twice, once for
 * a terminal, once for graphviz. */
#include <stdint.h>
#include <string.h>

#include "link/link_words.h"
#include "link/uses.h"
#include "report/instance_words.h"
#include "report/linked_graph.h"
#include "util/path.h"

/* A quoted string; "\n" stays graphviz's line break. */
static void add_quoted(struct strbuf *out, const char *const *lines, size_t count)
{
	struct strbuf clean = STRBUF_INIT;
	strbuf_addc(out, '"');
	for (size_t i = 0; i < count; i++) {
		strbuf_clear(&clean);
		strbuf_add_escaped(&clean, lines[i]);
		strbuf_adds(out, i ? "\\n" : "");
		for (const char *c = clean.text; *c; c++) {
			if (*c == '"' || *c == '\\')
				strbuf_addc(out, '\\');
			strbuf_addc(out, *c);
		}
	}
	strbuf_addc(out, '"');
	strbuf_release(&clean);
}

void linked_dot_begin(struct strbuf *out)
{
	strbuf_adds(out, "digraph allocators {\n"
			 "\trankdir=LR;\n"
			 "\tnode [fontname=\"sans-serif\", fontsize=11];\n"
			 "\tedge [fontname=\"sans-serif\", fontsize=9];\n");
}

void linked_dot_end(struct strbuf *out)
{
	strbuf_adds(out, "}\n");
}

struct graph {
	const struct linked *l;
	const struct shown_names *shown;
	struct uses uses;
	struct use program;
	size_t number;
	struct strbuf *out;
};

static bool is_odd(const struct graph *g, const struct use *u)
{
	return u->module >= g->l->count ||
	       (use_takes_blocks(u) && g->program.symbol_count && !use_is_same(u, &g->program));
}

/* Of each kind of functions the first: "malloc, free, operator new, mallocx". */
static void add_groups(struct strbuf *label, const struct graph *g, const struct use *u)
{
	unsigned groups = 0;
	size_t api = 0;
	if (u->is_rust) {
		link_add_symbols(label, u, 1);
		return;
	}
	for (size_t i = 0; i < u->symbol_count; i++) {
		const unsigned group = use_group_of(u->symbols[i]);
		if (!shown_symbol(g->shown, u->symbols[i]))
			continue;
		api += group == USE_API;
		if (groups & group)
			continue;
		groups |= group;
		strbuf_adds(label, label->len ? ", " : "");
		binding_add_function(label, u->symbols[i]);
	}
	if (api > 1)
		strbuf_addf(label, " and %zu more", api - 1);
}

static bool module_is_shown(const struct graph *g, size_t module)
{
	return module == 0 || shown_module(g->shown, g->l->modules[module].path);
}

static void add_allocators(const struct graph *g, size_t module)
{
	const struct linked_module *m = &g->l->modules[module];
	for (size_t i = 0; i < m->found.count; i++) {
		const struct allocator *is = &m->found.items[i];
		struct strbuf title = STRBUF_INIT;
		if (is->layer)
			continue;
		link_add_allocator(&title, is);
		bool odd = g->program.symbol_count &&
			   (module != g->program.module || i != g->program.allocator);
		strbuf_addf(g->out,
			    "\t\tp%zu_a%zu_%zu [shape=ellipse, style=filled, fillcolor=\"%s\", "
			    "label=",
			    g->number, module, i,
			    !odd			      ? "#cce8cc"
			    : is->linkage == ALLOCATOR_SHARED ? "#eeeeee"
							      : "#ffd0c0");
		const char *const lines[] = { title.text, linkage_words(is->linkage) };
		add_quoted(g->out, lines, 2);
		strbuf_adds(g->out, "];\n");
		strbuf_release(&title);
	}
}

static bool has_allocator(const struct linked_module *m)
{
	for (size_t i = 0; i < m->found.count; i++)
		if (!m->found.items[i].layer)
			return true;
	return false;
}

static bool is_in_graph(const struct graph *g, size_t module)
{
	if (module == 0 || has_allocator(&g->l->modules[module]))
		return true;
	for (size_t i = 0; i < g->uses.count; i++)
		if ((g->uses.items[i].user == module && module_is_shown(g, module)) ||
		    g->uses.items[i].module == module)
			return true;
	return g->l->modules[module].found_by == LINKED_NOT_FOUND;
}

/* A module and its allocators stand in a box together. */
static void add_module(const struct graph *g, size_t module)
{
	const struct linked_module *m = &g->l->modules[module];
	bool missing = module && m->found_by == LINKED_NOT_FOUND;
	const char *const name[] = { path_name(m->path) }, *const path[] = { m->path };
	if (!is_in_graph(g, module))
		return;
	strbuf_addf(g->out, "\tsubgraph cluster_p%zu_m%zu {\n\t\tstyle=%s; label=\"\";\n",
		    g->number, module, has_allocator(m) ? "solid" : "invis");
	strbuf_addf(g->out, "\t\tp%zu_m%zu [shape=box%s%s, label=", g->number, module,
		    module == 0 ? ", style=bold"
		    : missing	? ", style=dashed"
				: "",
		    missing ? ", color=red" : "");
	add_quoted(g->out, name, 1);
	strbuf_adds(g->out, ", tooltip=");
	add_quoted(g->out, path, 1);
	strbuf_adds(g->out, "];\n");
	add_allocators(g, module);
	strbuf_adds(g->out, "\t}\n");
}

static void add_target(const struct graph *g, const struct use *u)
{
	if (use_allocator(g->l, u) && !use_allocator(g->l, u)->layer)
		strbuf_addf(g->out, "p%zu_a%zu_%zu", g->number, u->module, u->allocator);
	else if (u->module < g->l->count)
		strbuf_addf(g->out, "p%zu_m%zu", g->number, u->module);
	else
		strbuf_addf(g->out, "p%zu_nobody", g->number);
}

static void add_edge(const struct graph *g, const struct use *u)
{
	struct strbuf label = STRBUF_INIT, reason = STRBUF_INIT;
	if (u->kind == USE_INSIDE)
		strbuf_adds(&label, "perhaps");
	else
		add_groups(&label, g, u);
	if (u->kind == USE_BOUND)
		link_add_reason(&reason, g->l, u);
	if (label.len && module_is_shown(g, u->user)) {
		const char *const lines[] = { label.text }, *const tips[] = { reason.text };
		strbuf_addf(g->out, "\tp%zu_m%zu -> ", g->number, u->user);
		add_target(g, u);
		strbuf_addf(g->out, " [%s%slabel=", u->kind == USE_INSIDE ? "style=dashed, " : "",
			    is_odd(g, u) ? "color=red, fontcolor=red, " : "");
		add_quoted(g->out, lines, 1);
		if (reason.len) {
			strbuf_adds(g->out, ", tooltip=");
			add_quoted(g->out, tips, 1);
		}
		strbuf_adds(g->out, "];\n");
	}
	strbuf_release(&label);
	strbuf_release(&reason);
}

static bool any_unbound(const struct graph *g)
{
	for (size_t i = 0; i < g->uses.count; i++)
		if (g->uses.items[i].module >= g->l->count)
			return true;
	return false;
}

void linked_dot(const struct linked *l, size_t number, const struct shown_names *shown,
		struct strbuf *out)
{
	struct graph g = { .l = l, .shown = shown, .number = number, .out = out };
	if (!l->count)
		return;
	uses_find(&g.uses, l);
	use_of_program(&g.program, l);
	for (size_t i = 0; i < l->count; i++)
		add_module(&g, i);
	if (any_unbound(&g))
		strbuf_addf(out,
			    "\tp%zu_nobody [shape=box, style=dashed, color=red, "
			    "label=\"not found\"];\n",
			    number);
	for (size_t i = 0; i < g.uses.count; i++)
		add_edge(&g, &g.uses.items[i]);
	use_release(&g.program);
	uses_release(&g.uses);
}

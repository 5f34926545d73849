/* text_tree.c - callers or callees, indented; see text_parts.h. */
#include "report/humane.h"
#include "report/text_parts.h"

enum { VALUE_END = 14, SHARE_END = 22, NAME = 24 };

struct walk {
	const struct calltree *tree;
	enum rollup_sort sort;
	uint64_t whole;
	uint64_t least; /* smaller branches are left out */
};

static void tree_name(struct sheet *s, int64_t function)
{
	size_t room = s->request->width > s->column + 12 ? s->request->width - s->column : 12;
	if (function == CALLTREE_TRUNCATED)
		sheet_text(s, STYLE_DIM, "[deeper than the depth limit]");
	else if (function == CALLTREE_UNKNOWN)
		sheet_text(s, STYLE_DIM, "[callers not found]");
	else if (function == CALLTREE_NONE)
		sheet_text(s, STYLE_DIM, "[no stack]");
	else
		sheet_function(s, STYLE_PLAIN, (uint32_t)function, room);
}

static void tree_value(struct sheet *s, const struct walk *w, uint64_t value, unsigned depth)
{
	char a[HUMANE_BYTES];
	bool count = w->sort == SORT_COUNT || w->sort == SORT_TEMPORARY;
	sheet_right(s, depth ? STYLE_PLAIN : STYLE_BOLD, VALUE_END,
		    count ? humane_count(a, value) : humane_bytes(a, value));
	sheet_right(s, STYLE_PLAIN, SHARE_END, humane_percent(a, value, w->whole));
}

/* `before` is the value of the line above when this is an only child, else UINT64_MAX: a value that
 * stays the same is not repeated. */
static void tree_line(struct sheet *s, const struct walk *w, const struct calltree_node *node,
		      unsigned depth, uint64_t before)
{
	uint64_t value = metrics_get(&node->metrics, w->sort);
	if (value != before)
		tree_value(s, w, value, depth);
	sheet_to_column(s, NAME + 2 * (size_t)(depth < 16 ? depth : 16));
	sheet_text(s, STYLE_DIM, before == UINT64_MAX ? "- " : "  ");
	tree_name(s, node->function);
	sheet_end_line(s);
}

static void tree_cut(struct sheet *s, unsigned depth)
{
	sheet_to_column(s, NAME + 2 + 2 * (size_t)(depth < 16 ? depth : 16));
	sheet_text(s, STYLE_DIM, "...");
	sheet_end_line(s);
}

/* A chain of only children stays at one depth of indentation: it reads like a stack. Deep chains
 * are walked in a loop, so recursion goes only as deep as the tree branches. */
static void branch(struct sheet *s, struct walk *w, uint32_t index, unsigned depth, unsigned level)
{
	uint64_t limit = s->request->depth;
	uint64_t before = UINT64_MAX;
	for (; index; level++) {
		const struct calltree_node *node = &w->tree->nodes[index];
		tree_line(s, w, node, depth, before);
		before = metrics_get(&node->metrics, w->sort);
		if ((limit && level + 1 >= limit) || depth > 64) {
			if (node->first)
				tree_cut(s, depth);
			return;
		}
		uint32_t child = node->first;
		uint32_t second = child ? w->tree->nodes[child].next : 0;
		if (!second || metrics_get(&w->tree->nodes[second].metrics, w->sort) < w->least) {
			if (!child ||
			    metrics_get(&w->tree->nodes[child].metrics, w->sort) < w->least)
				return;
			index = child;
			continue;
		}
		for (; child; child = w->tree->nodes[child].next)
			if (metrics_get(&w->tree->nodes[child].metrics, w->sort) >= w->least)
				branch(s, w, child, depth + 1, level + 1);
		return;
	}
}

void text_tree(struct sheet *s, enum calltree_kind kind, enum rollup_sort sort)
{
	struct calltree tree;
	calltree_make(&tree, kind, sort, s->data->stacks);
	uint64_t whole = metrics_get(&tree.nodes[0].metrics, sort);
	if (!whole) {
		calltree_release(&tree);
		return;
	}
	double least = s->request->min_percent / 100 * (double)whole;
	struct walk w = { &tree, sort, whole, least > 1 ? (uint64_t)least : 1 };
	sheet_heading(s, kind == CALLTREE_CALLERS ? "Callers" : "Callees", rollup_sort_names[sort]);
	uint64_t rows = 0;
	for (uint32_t i = tree.nodes[0].first; i; i = tree.nodes[i].next) {
		if (s->request->top && rows++ == s->request->top)
			break;
		if (metrics_get(&tree.nodes[i].metrics, sort) >= w.least)
			branch(s, &w, i, 0, 0);
	}
	calltree_release(&tree);
}

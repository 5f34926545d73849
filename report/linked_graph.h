/* linked_graph.h - a program with its libraries as a picture: a tree for the terminal, a graph for
 * graphviz. Who is bound to whom in full is linked_text.c's. */
#ifndef ALLOCTRACE_REPORT_LINKED_GRAPH_H
#define ALLOCTRACE_REPORT_LINKED_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "link/linked.h"
#include "report/shown_names.h"
#include "util/strbuf.h"

struct graph_style {
	bool color;
	bool ascii;			 /* no line-drawing characters */
	size_t width;			 /* 0: any */
	const struct shown_names *shown; /* NULL: all */
};

/* Which module needs which: each one once, where it is first needed, with how it was found, the
 * allocators that are in it and those that it uses. */
void linked_tree(const struct linked *l, const struct graph_style *style, struct strbuf *out);

/* In graphviz's language: modules, their allocators, and an edge from each module to the allocator
 * that it uses, with the functions. What differs from the program's own is red. Several programs
 * make one graph: begin, one call for each, end. */
void linked_dot_begin(struct strbuf *out);
void linked_dot(const struct linked *l, size_t number, const struct shown_names *shown,
		struct strbuf *out);
void linked_dot_end(struct strbuf *out);

#endif

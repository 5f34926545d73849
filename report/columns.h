/* columns.h - a table whose columns are as wide as what is in them.
 *
 * Cells are escaped here. Where there is a width to keep (a terminal), the column that may be cut
 * is cut in the middle: of a path, whose beginning and end tell most. Nothing is cut otherwise:
 * what is read by programs must be whole. */
#ifndef ALLOCTRACE_REPORT_COLUMNS_H
#define ALLOCTRACE_REPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/strbuf.h"

enum { COLUMNS_MAX = 8 };

enum column_style {
	COLUMN_PLAIN,
	COLUMN_BOLD,
	COLUMN_DIM,
	COLUMN_ODD, /* what ought to be looked at first */
	COLUMN_BAD,
};

struct column {
	const char *title;
	bool to_right; /* numbers */
	bool may_cut;
};

struct columns {
	const struct column *columns;
	size_t count;
	char **cells;	       /* row by row, escaped */
	unsigned char *styles; /* enum column_style of each */
	size_t cell_count, cell_cap, style_cap;
};

/* The columns are not copied. */
void columns_init(struct columns *t, const struct column *columns, size_t count);
void columns_release(struct columns *t);
/* Adds the next cell; NULL is shown as a dash. */
void columns_add(struct columns *t, const char *text, enum column_style style);
/* width: 0 is any. */
void columns_write(const struct columns *t, struct strbuf *out, size_t width, bool color);

#endif

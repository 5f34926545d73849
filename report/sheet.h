/* sheet.h - a text report on its way out: columns, styles, names cut to fit. */
#ifndef ALLOCTRACE_REPORT_SHEET_H
#define ALLOCTRACE_REPORT_SHEET_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/frames.h"
#include "report/report.h"
#include "util/strbuf.h"

enum sheet_style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_WARN };

struct sheet {
	FILE *to;
	const struct trace_data *data;
	const struct report_request *request;
	struct strbuf line;
	size_t column;	/* of the line, styles not counted */
	bool *nameless; /* [module]: a function of it was shown as an address */
};

void sheet_init(struct sheet *s, const struct trace_data *d, const struct report_request *request,
		FILE *to);
void sheet_release(struct sheet *s);

/* All of these add to the present line; text is escaped. */
void sheet_text(struct sheet *s, enum sheet_style style, const char *text);
void sheet_format(struct sheet *s, enum sheet_style style, const char *fmt, ...) AT_PRINTF(3, 4);
/* Spaces up to a column; one at least if the line is there already or beyond. */
void sheet_to_column(struct sheet *s, size_t column);
/* Right-aligned so that it ends before `column`. */
void sheet_right(struct sheet *s, enum sheet_style style, size_t column, const char *text);
void sheet_end_line(struct sheet *s);
/* Text from the present column on, broken between words and continued below at the same column;
 * ends the line. */
void sheet_wrapped(struct sheet *s, const char *text);
/* A line of its own: "Title" and a dim remark behind it (may be NULL), an empty line before. */
void sheet_heading(struct sheet *s, const char *title, const char *remark);

/* The head of a table: titles that end before their columns, and the last one that begins at its.
 * The array ends with an empty title. */
struct sheet_title {
	size_t end;
	const char *title;
};
void sheet_titles(struct sheet *s, const struct sheet_title *titles, size_t column,
		  const char *last);

/* A function, cut to `room` columns unless long names are asked for. */
void sheet_function(struct sheet *s, enum sheet_style style, uint32_t function, size_t room);
/* "dict.c:145"; nothing when not known. */
void sheet_position(struct sheet *s, const struct frame *frame);
/* The file name of a module, "[anonymous code]" for JIT code. */
void sheet_module(struct sheet *s, enum sheet_style style, uint32_t module);

#endif

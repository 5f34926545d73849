/* survey_report.h - which allocators are in which files: what `alloctrace symbols` shows. */
#ifndef ALLOCTRACE_REPORT_SURVEY_REPORT_H
#define ALLOCTRACE_REPORT_SURVEY_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "link/expectations.h"
#include "link/linked.h"
#include "report/shown_names.h"
#include "symbol/survey.h"

struct survey_style {
	bool color;
	bool details;	/* of each: build-id, functions, what it is known by */
	bool all;	/* also files without an allocator */
	bool layers;	/* also what hands on to an allocator: C++ operators, Rust's default */
	unsigned width; /* 0: any */
	const struct shown_names *shown; /* NULL: all */
};

void survey_text(const struct survey *s, const struct survey_style *style, FILE *to);
/* Everything, whatever the style: files and what programs are linked with. unmets: of a gate; NULL
 * if none was asked for. Of files that are not shown nothing, of modules no functions and bindings.
 */
void symbols_json(const struct survey *s, const struct linked *const *programs, size_t count,
		  const struct shown_names *shown, const struct unmets *unmets, FILE *to);

#endif

/* survey_report.h - which allocators are in which files: what `alloctrace symbols` shows. */
#ifndef ALLOCTRACE_REPORT_SURVEY_REPORT_H
#define ALLOCTRACE_REPORT_SURVEY_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "link/expectations.h"
#include "link/linked.h"
#include "report/shown_names.h"
#include "symbol/definitions.h"
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
/* All that a call of `symbols` has found. */
struct symbols_answer {
	const struct survey *files;
	const struct linked *const *programs;
	size_t program_count;
	const struct unmets *unmets; /* of a gate; NULL: none was asked for */
	const struct definitions
		*definitions; /* of the names that were asked for; NULL: none were */
};

/* Everything, whatever the style. Of files that are not shown nothing, of modules no functions and
 * bindings. */
void symbols_json(const struct symbols_answer *a, const struct shown_names *shown, FILE *to);

#endif

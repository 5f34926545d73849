/* definitions_report.h - where the names that --symbol asks for are defined. */
#ifndef ALLOCTRACE_REPORT_DEFINITIONS_REPORT_H
#define ALLOCTRACE_REPORT_DEFINITIONS_REPORT_H

#include "report/json.h"
#include "report/survey_report.h"
#include "symbol/definitions.h"

/* A table: the name, how far it is seen, where it is, in which file; the odd ones, that are hidden,
 * in colour. Says so if there is none. */
void definitions_text(const struct definitions *d, const struct survey_style *style,
		      struct strbuf *out);
/* "definitions": an array. */
void definitions_put_json(struct json *j, const struct definitions *d);

#endif

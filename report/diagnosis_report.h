/* diagnosis_report.h - what is wrong with how a program is linked: what `alloctrace symbols` shows
 * behind its bindings. */
#ifndef ALLOCTRACE_REPORT_DIAGNOSIS_REPORT_H
#define ALLOCTRACE_REPORT_DIAGNOSIS_REPORT_H

#include <stdbool.h>

#include "link/diagnosis.h"
#include "report/json.h"

/* The most severe first, each with its fix on a line of its own; nothing if there is none. */
void diagnosis_add_text(struct strbuf *out, const struct linked *l, bool color, unsigned width);
/* Each module's thread-local variables and where they lie; nothing where there is no limit. limit:
 * the width of lines, 0 for any. */
void static_tls_add_text(struct strbuf *out, const struct linked *l, bool color, size_t limit);
/* The members "diagnosis" and "static_tls" of the program's object. */
void diagnosis_put_json(struct json *j, const struct linked *l);

#endif

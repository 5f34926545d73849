/* diagnosis_report.h - what is wrong with how a program is linked: what `alloctrace symbols` shows
 * behind its bindings. */
#ifndef ALLOCTRACE_REPORT_DIAGNOSIS_REPORT_H
#define ALLOCTRACE_REPORT_DIAGNOSIS_REPORT_H

#include <stdbool.h>

#include "link/diagnosis.h"
#include "report/json.h"

/* The most severe first, each with its fix on a line of its own; nothing if there is none. */
void diagnosis_add_text(struct strbuf *out, const struct linked *l, bool color, unsigned width);
/* The members "diagnosis" and "static_tls" of the program's object. */
void diagnosis_put_json(struct json *j, const struct linked *l);

#endif

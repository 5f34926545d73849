/* linked_process.h - what is told of a process beside what is told of files: how it was seen, and
 * what is not bound yet. What is bound to something else than the search finds is a diagnosis. */
#ifndef ALLOCTRACE_REPORT_LINKED_PROCESS_H
#define ALLOCTRACE_REPORT_LINKED_PROCESS_H

#include "link/linked.h"
#include "report/json.h"
#include "util/strbuf.h"

/* ", process 12, at main()" */
void linked_process_add_title(struct strbuf *out, const struct linked *l);
/* Lines for the head of a report; nothing of files. */
void linked_process_add_notes(struct strbuf *out, const struct linked *l);
/* "opened with dlopen(), RTLD_GLOBAL" */
void linked_process_add_opening(struct strbuf *out, const struct linked_module *m);

/* Members of the objects that are there already. */
void linked_process_put(struct json *j, const struct linked *l);
void linked_process_put_module(struct json *j, const struct linked *l,
			       const struct linked_module *m);
void linked_process_put_import(struct json *j, const struct linked *l,
			       const struct linked_import *import);

#endif

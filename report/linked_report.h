/* linked_report.h - what a program is linked with, and who its allocation symbols are bound to: the
 * second half of what `alloctrace symbols` shows. */
#ifndef ALLOCTRACE_REPORT_LINKED_REPORT_H
#define ALLOCTRACE_REPORT_LINKED_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "link/linked.h"
#include "report/json.h"
#include "report/shown_names.h"
#include "symbol/evidence.h"
#include "util/strbuf.h"

struct linked_style {
	bool color;
	bool details; /* every module and every symbol */
	bool layers;  /* also what hands on to an allocator, among the allocators */
	unsigned width;
	unsigned limit;			 /* of tables; 0: any, as for what is read by programs */
	const struct shown_names *shown; /* NULL: all */
};

void linked_text(const struct linked *l, const struct linked_style *style, FILE *to);
/* A part of it: the allocators that are loaded and who uses each, the odd ones first. */
void linked_add_instances(struct strbuf *out, const struct linked *l,
			  const struct linked_style *style);
/* Another: who is bound to whom, in groups, and whose definitions come too late. */
void linked_add_bindings(struct strbuf *out, const struct linked *l,
			 const struct linked_style *style);
/* An object, of an array. */
void linked_put_json(struct json *j, const struct linked *l, const struct shown_names *shown);
/* Likewise; evidence: NULL if it was not looked for; its functions only with `functions`. */
void json_put_allocator(struct json *j, const struct allocator *is, const struct evidence *evidence,
			const struct shown_names *shown, bool functions);

/* Why it is bound so, in a few words behind a colon: "first in the order of DT_NEEDED". */
const char *linked_reason_words(const struct linked *l, enum binding_reason reason);
const char *linked_reason_key(enum binding_reason reason); /* for programs */
/* How its file was found: "by its DT_RUNPATH". */
const char *linked_found_words(enum linked_found found);
const char *linked_found_key(enum linked_found found);
/* "operator delete[]" for all of that name; others as they are. */
void linked_add_function(struct strbuf *out, const char *symbol);
/* What the module is called in a list: the last part of its path. */
const char *linked_module_name(const struct linked_module *m);
/* Begins or ends what is bold, if there is to be colour. */
void linked_add_bold(struct strbuf *out, const struct linked_style *style, bool on);
/* "jemalloc 5.3.0" */
void linked_add_allocator(struct strbuf *out, const struct allocator *is);

#endif

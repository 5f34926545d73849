/* leaks_report.h - the leaks of a trace as `alloctrace leaks` shows them: what all of its outputs
 * are made from.
 *
 * Made from scans if there is one; else from what the events say was not freed, and why nobody
 * knows whether something still points to it. */
#ifndef ALLOCTRACE_REPORT_LEAKS_REPORT_H
#define ALLOCTRACE_REPORT_LEAKS_REPORT_H

#include <stdio.h>

#include "analysis/leaks.h"
#include "analysis/rollup.h"
#include "report/finding_text.h"
#include "report/trace_data.h"

struct leaks_request {
	struct leaks_selection selection;
	unsigned kinds; /* a bit of each enum leak_kind */
	enum leaks_by by;
	uint64_t least_bytes;
	uint64_t top; /* 0: all */
	bool tree;
	bool peek;
	bool unused;			   /* list the suppressions of leaks that match nothing */
	struct filter *filter;		   /* what counts; without a range of time; NULL: all */
	struct suppressions *suppressions; /* NULL: none */
	struct finding_style style;
};

struct leaks_report {
	const char *path;
	const struct leaks_request *request;
	struct trace_names *names;
	struct callstacks *stacks;
	struct replay_filter filter;
	struct leaks_chosen chosen;
	struct leak_places places;
	uint32_t *list; /* of the places to show */
	size_t count;
	struct suppressions *own; /* the program's */
	int8_t *suppressed_nodes; /* by node: 0 not yet looked at, 1 yes, -1 no */
	/* Without a scan that says anything: */
	struct trace_data *events; /* NULL: there is a scan */
	struct rollup not_freed;   /* by stack */
};

/* Opens and reads; the request, with its style, and path must outlive it. progress may be NULL. -1
 * with the error when nothing could be read. */
int leaks_report_open(struct leaks_report *r, const char *path, const struct leaks_request *request,
		      const struct progress_sink *progress, struct err *err) AT_MUST_CHECK;
void leaks_report_close(struct leaks_report *r);

/* Makes it anew of one scan alone, by its number. */
void leaks_report_choose(struct leaks_report *r, uint32_t scan);
/* Of request->by, for these kinds; the caller frees them. */
struct leak_row *leaks_report_rows(struct leaks_report *r, size_t *count);

/* The sums alone, of the last scan of each process, without what names->suppressions match. *as_of_ns:
 * when the first of those was that were not at the end of their process; 0: all were. False: nobody
 * has looked. */
bool leaks_totals(struct leak_total kinds[LEAK_ALL_KINDS], uint64_t *as_of_ns,
		  struct trace_names *names, struct callstacks *stacks);

const char *leaks_report_damage(const struct leaks_report *r);
/* Whether it shows something that is lost: definitely, possibly or indirectly. */
bool leaks_report_has_lost(const struct leaks_report *r);
/* Why nobody has looked, a clause: "it was killed by SIGKILL". */
void leaks_report_add_reason(struct strbuf *out, const struct leaks_report *r);

/* For what shows places: those that are shown at most. */
size_t leaks_report_shown(const struct leaks_report *r, size_t count);

void leaks_text(struct leaks_report *r, FILE *to);
void leaks_json(struct leaks_report *r, FILE *to);
/* In the words of other tools. */
void leaks_lsan(struct leaks_report *r, FILE *to);
void leaks_valgrind(struct leaks_report *r, FILE *to);
/* Suppressions that match the places. */
void leaks_suppressions(struct leaks_report *r, FILE *to);

/* Parts of the text: the sums in a paragraph; "12.3 KiB in 4 blocks". */
void leaks_add_sums(struct strbuf *out, const struct leak_places *p,
		    const struct leaks_request *request);
void leaks_add_amount(struct strbuf *out, uint64_t bytes, uint64_t blocks);
/* How the processes were looked at, and what could not be seen, a line each. */
void leaks_add_circumstances(struct strbuf *out, const struct leaks_report *r);
/* A place, and with request->tree what hangs on it; `head` stands before it: "\n1. ". */
void leaks_add_place(struct strbuf *out, const struct leaks_report *r,
		     const struct leak_place *place, const char *head);
/* In a tree, what hangs on the place, a line each. */
void leaks_add_children(struct strbuf *out, const struct leaks_report *r,
			const struct leak_place *place);
/* A table by request->by. */
void leaks_print_rows(struct leaks_report *r, FILE *to);
/* The name of a row's key; not escaped. */
void leaks_add_key(struct strbuf *out, const struct leaks_report *r, uint32_t key);
/* The frames of a step of the callstacks. */
void leaks_read_step(struct story_stack *stack, const struct leaks_report *r, uint32_t step);

#endif

/* text_parts.h - the parts that text reports are put together from. Each adds whole lines. */
#ifndef ALLOCTRACE_REPORT_TEXT_PARTS_H
#define ALLOCTRACE_REPORT_TEXT_PARTS_H

#include "report/sheet.h"

/* Who ran, for how long, and the sums of the heap. */
void text_summary(struct sheet *s);
/* What is not in the trace, or not right with it; nothing when all is well. */
void text_warnings(struct sheet *s);
/* Tables of what there may be; nothing when there is none (processes: fewer than two). */
void text_processes(struct sheet *s);
void text_process_tree(struct sheet *s); /* also when it is only one */
void text_pools(struct sheet *s);
void text_instances(struct sheet *s); /* allocators in modules, and what of them is recorded */
void text_scopes(struct sheet *s);
void text_marks(struct sheet *s);
void text_mapped(struct sheet *s, uint64_t top); /* of the stacks that mapped it */
/* Wrong frees, the worst first, a line each; nothing when there is none. */
void text_findings(struct sheet *s, uint64_t top);
/* How many, on the present line. */
void text_findings_count(struct sheet *s);
/* The allocator of the program in a line, and what others were seen; nothing when it is not
 * known. */
void text_allocator(struct sheet *s);
/* The modules of which this report has shown addresses instead of names. */
void text_nameless(struct sheet *s);
/* A module's build-id and path. */
void text_module(struct sheet *s, const struct trace_module *module);

/* The frames of a stack, a line each. */
void text_stack(struct sheet *s, const struct callstacks *c, uint32_t step);
/* One table, or for ROLLUP_STACK a list with frames. top 0: all rows. */
void text_rows(struct sheet *s, enum rollup_by by, enum rollup_sort sort, uint64_t top);
/* The largest stacks of mapped memory; for text_mapped(). */
void text_mapped_stacks(struct sheet *s, uint64_t top);
void text_tree(struct sheet *s, enum calltree_kind kind, enum rollup_sort sort);

/* What `info` prints; for report_text. */
void text_info(const struct trace_data *d, const struct report_request *request, FILE *to);

/* "exit code 1", "killed by SIGSEGV"; "" when not known. */
const char *text_wait_status(char *buf, size_t size, uint64_t status);
/* A command line as one would type it. */
void text_command(struct strbuf *out, const char *command, size_t bytes);

#endif

/* json_parts.h - the parts that JSON reports are put together from; keys as documented in
 * alloctrace-report(1) and alloctrace-info(1). */
#ifndef ALLOCTRACE_REPORT_JSON_PARTS_H
#define ALLOCTRACE_REPORT_JSON_PARTS_H

#include "report/json.h"
#include "report/report.h"

void json_trace(struct json *j, const struct trace_data *d);	  /* "trace" */
void json_processes(struct json *j, const struct trace_data *d);  /* "processes" */
/* "wrong_frees": how many different ones, and how often they occurred; "crashes"; "leaks" */
void json_findings(struct json *j, const struct trace_data *d);
/* "frames", "outermost" */
void json_stack(struct json *j, const struct trace_data *d, const struct callstacks *c,
		uint32_t step);
void json_losses(struct json *j, const uint64_t *losses);	  /* "losses" */
void json_heap(struct json *j, const struct heap *heap);	  /* members of an open object */
void json_threads(struct json *j, const struct trace_data *d);	  /* "threads" */
void json_allocators(struct json *j, const struct trace_data *d); /* "allocators" */
/* "name" */
void json_allocator_name(struct json *j, const struct trace_reader *reader, uint32_t allocator);
void json_instances(struct json *j, const struct trace_data *d);  /* "instances" */

/* What `info` prints; for report_json. */
void json_info(const struct trace_data *d, const struct report_request *request, FILE *to);

#endif

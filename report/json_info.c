/* json_info.c - the JSON output of `info`. */
#include "report/json_parts.h"

static void modules(struct json *j, const struct trace_reader *reader)
{
	json_array(j, "modules");
	for (uint32_t i = 0; i < trace_reader_module_count(reader); i++) {
		const struct trace_module *m = trace_reader_module(reader, i);
		struct strbuf id = STRBUF_INIT;
		for (uint32_t k = 0; k < m->build_id_bytes; k++)
			strbuf_addf(&id, "%02x", m->build_id[k]);
		json_object(j, NULL);
		json_uint(j, "index", i);
		json_string(j, "path", m->path);
		json_string(j, "build_id", id.len ? id.text : NULL);
		if (m->anonymous_process_plus_1)
			json_uint(j, "anonymous_code_of", m->anonymous_process_plus_1 - 1);
		json_end_object(j);
		strbuf_release(&id);
	}
	json_end_array(j);
}

void json_info(const struct trace_data *d, const struct report_request *request, FILE *to)
{
	(void)request;
	struct json j;
	json_init(&j, to);
	json_object(&j, NULL);
	json_string(&j, "format", "alloctrace info");
	json_uint(&j, "format_version", 1);
	json_trace(&j, d);
	json_uint(&j, "stacks", d->profile->stack_count);
	json_uint(&j, "frames", trace_reader_node_count(d->reader));
	json_allocators(&j, d);
	json_instances(&j, d);
	json_processes(&j, d);
	json_threads(&j, d);
	modules(&j, d->reader);
	json_findings(&j, d);
	json_losses(&j, d->profile->losses);
	json_end_object(&j);
	json_end_line(&j);
	json_release(&j);
}

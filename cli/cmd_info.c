/* cmd_info.c - `alloctrace info`: what a trace holds. */

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "report/humane.h"
#include "report/json.h"
#include "report/report.h"

enum { DEFAULT_TOP = 20 };

struct info_options {
	uint64_t top;
	bool verify;
	bool json;
	bool no_pager;
	int color;
};

static int show_info(const char *path, const struct info_options *o)
{
	struct err err;
	struct progress progress;
	const struct progress_sink sink = { progress_step, &progress };
	const struct report_request request = {
		.top = o->top,
		.color = output_color(stdout, (enum color_when)o->color),
		.width = output_width(stdout),
	};
	progress_begin(&progress, "reading");
	struct trace_data *d = trace_data_load(path, NULL, &sink, &err);
	progress_end(&progress);
	if (!d) {
		say("%s", err.text);
		return EXIT_CANNOT;
	}
	if (!o->no_pager && !o->json)
		pager_start();
	(o->json ? &report_json : &report_text)->info(d, &request, stdout);
	trace_data_free(d);
	return 0;
}

static bool is_sound(const struct trace_verify_report *v)
{
	return v->closed && !v->damage[0] && !v->double_frees && !v->unknown_frees;
}

static void print_verified(const struct trace_verify_report *v)
{
	char a[HUMANE_BYTES];
	printf("%s\n", is_sound(v) ? "sound" : "not sound");
	printf("  bytes          %s\n", humane_count(a, v->bytes));
	printf("  readable       %s\n", humane_count(a, v->good_bytes));
	printf("  chunks         %s\n", humane_count(a, v->chunks));
	printf("  allocations    %s\n", humane_count(a, v->allocs));
	printf("  frees          %s\n", humane_count(a, v->frees));
	printf("  live           %s\n", humane_count(a, v->live));
	printf("  freed twice    %s\n", humane_count(a, v->double_frees));
	printf("  freed unknown  %s\n", humane_count(a, v->unknown_frees));
	if (v->first_bad_event != UINT64_MAX)
		printf("  first of these is event %s\n", humane_count(a, v->first_bad_event));
	printf("  ended          %s\n", v->closed ? "in order" : "without its last chunk");
	if (v->damage[0])
		printf("  damage         %s\n", v->damage);
}

static void print_verified_json(const struct trace_verify_report *v)
{
	struct json j;
	json_init(&j, stdout);
	json_object(&j, NULL);
	json_string(&j, "format", "alloctrace verify");
	json_uint(&j, "format_version", 1);
	json_bool(&j, "sound", is_sound(v));
	json_uint(&j, "bytes", v->bytes);
	json_uint(&j, "readable_bytes", v->good_bytes);
	json_uint(&j, "chunks", v->chunks);
	json_uint(&j, "events", v->events);
	json_uint(&j, "allocations", v->allocs);
	json_uint(&j, "frees", v->frees);
	json_uint(&j, "inherited_frees", v->inherited_frees);
	json_uint(&j, "live", v->live);
	json_uint(&j, "double_frees", v->double_frees);
	json_uint(&j, "unknown_frees", v->unknown_frees);
	json_bool(&j, "closed", v->closed);
	json_string(&j, "damage", v->damage[0] ? v->damage : NULL);
	json_end_object(&j);
	json_end_line(&j);
	json_release(&j);
}

static int verify(const char *path, bool json)
{
	struct trace_verify_report v;
	struct err err;
	if (trace_verify(path, &v, &err) < 0) {
		say("%s", err.text);
		return EXIT_CANNOT;
	}
	if (json)
		print_verified_json(&v);
	else
		print_verified(&v);
	return is_sound(&v) ? 0 : EXIT_CANNOT;
}

int cmd_info(int argc, char **argv)
{
	struct info_options o = { .top = DEFAULT_TOP };
	const struct option options[] = {
		{ "verify", 0, OPTION_FLAG, &o.verify, NULL,
		  "check every checksum, and that every free names a live block; exit code 2 if "
		  "not",
		  NULL, NULL },
		{ "top", 'n', OPTION_NUMBER, &o.top, "N",
		  "processes and threads to list; 0: all (default: 20)", NULL, NULL },
		{ "json", 'j', OPTION_FLAG, &o.json, NULL, "print JSON", NULL, NULL },
		OPTION_COLOR(o.color),
		OPTION_NO_PAGER(o.no_pager),
		OPTION_LAST,
	};
	const struct usage usage = { "info", "TRACE", "Tells what a trace holds", NULL, options };
	const char *trace;
	int code = options_parse_trace(&usage, argc, argv, &trace);
	if (code >= 0)
		return code;
	return o.verify ? verify(trace, o.json) : show_info(trace, &o);
}

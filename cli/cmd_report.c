/* cmd_report.c - `alloctrace report`: where the memory went. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/filter_option.h"
#include "cli/output.h"
#include "cli/report_summary.h"
#include "report/report.h"

enum { NOT_GIVEN = -1 };

struct report_options {
	int by;
	int sort;
	int tree;
	uint64_t top;
	uint64_t depth;
	uint64_t least_percent;
	struct option_list filters;
	const char *process;
	bool summary;
	bool json;
	bool long_names;
	bool no_pager;
	int color;
};

static const char *const tree_choices[] = { "callers", "callees", NULL };

static void fill_request(struct report_request *r, const struct report_options *o)
{
	*r = (struct report_request){
		.part = REPORT_OVERVIEW,
		.by = o->by == NOT_GIVEN ? ROLLUP_STACK : (enum rollup_by)o->by,
		.sort = o->sort == NOT_GIVEN ? SORT_PEAK : (enum rollup_sort)o->sort,
		.top = o->top,
		.depth = o->depth,
		.min_percent = (double)o->least_percent,
		.long_names = o->long_names,
		.color = output_color(stdout, (enum color_when)o->color),
		.width = output_width(stdout),
	};
	if (o->by != NOT_GIVEN || o->sort != NOT_GIVEN)
		r->part = REPORT_ROWS;
	if (o->tree != NOT_GIVEN) {
		r->part = REPORT_TREE;
		r->tree = (enum calltree_kind)o->tree;
	}
	if (o->summary)
		r->part = REPORT_SUMMARY;
}

static int prepare_filter(struct filter *f, const struct report_options *o, struct err *err)
{
	if (o->process && strcmp(o->process, "all") != 0)
		filter_add(f, FILTER_PROCESS, false, o->process);
	return filter_parse(f, &o->filters, err);
}

static int make_report(const char *path, const struct report_options *o, struct filter *filter)
{
	struct err err;
	struct progress progress;
	struct report_request request;
	const struct progress_sink sink = { progress_step, &progress };
	progress_begin(&progress, "reading");
	struct trace_data *d = trace_data_load(path, filter, &sink, &err);
	progress_end(&progress);
	if (!d) {
		say("%s", err.text);
		return EXIT_CANNOT;
	}
	fill_request(&request, o);
	if (!o->no_pager && !o->json)
		pager_start();
	(o->json ? &report_json : &report_text)->report(d, &request, stdout);
	trace_data_free(d);
	return 0;
}

/* As options_parse_trace(): -1 to go on, with the trace and the filter set. */
static int parse_options(struct report_options *o, int argc, char **argv, const char **trace,
			 struct filter *filter)
{
	const struct option options[] = {
		OPTION_GROUP("What to show"),
		{ "sort", 's', OPTION_CHOICE, &o->sort, "KEY",
		  "by what: peak (bytes live at the peak of the heap), total (bytes allocated), "
		  "count (allocations), temporary (freed before the thread's next allocation), "
		  "live (bytes live at the end)",
		  rollup_sort_names, NULL },
		{ "by", 'b', OPTION_CHOICE, &o->by, "KIND",
		  "one table: by stack, function, module, thread, size, allocator", rollup_by_names,
		  NULL },
		{ "tree", 't', OPTION_CHOICE, &o->tree, "KIND",
		  "a tree: callers (from the allocating function outwards) or callees (from main "
		  "inwards)",
		  tree_choices, NULL },
		{ "summary", 0, OPTION_FLAG, &o->summary, NULL,
		  "the summary only, as `run` prints it", NULL, NULL },
		{ "top", 'n', OPTION_NUMBER, &o->top, "N", "rows to show; 0: all (default: 10)",
		  NULL, NULL },
		{ "depth", 'd', OPTION_NUMBER, &o->depth, "N",
		  "frames of a stack, levels of a tree; 0: all (default: 12)", NULL, NULL },
		{ "least", 0, OPTION_NUMBER, &o->least_percent, "PERCENT",
		  "leave out branches of a tree below this share (default: 1)", NULL, NULL },
		OPTION_GROUP("Which allocations"),
		{ "filter", 'f', OPTION_LIST, &o->filters, "TERM",
		  "count only allocations that pass: " FILTER_TERMS, NULL, NULL },
		{ "process", 'p', OPTION_STRING, &o->process, "PID",
		  "only this process (pid or program), or all (default)", NULL, NULL },
		OPTION_GROUP("How"),
		{ "json", 'j', OPTION_FLAG, &o->json, NULL, "print JSON", NULL, NULL },
		{ "long", 'l', OPTION_FLAG, &o->long_names, NULL,
		  "names of functions and files in full", NULL, NULL },
		OPTION_COLOR(o->color),
		OPTION_NO_PAGER(o->no_pager),
		OPTION_LAST,
	};
	const struct usage usage = { "report", "TRACE",
				     "Shows where a program's memory went, from its trace", NULL,
				     options };
	struct err err;
	int code = options_parse_trace(&usage, argc, argv, trace);
	if (code < 0 && o->least_percent > 100)
		code = usage_error(&usage, "--least: at most 100");
	if (code < 0 && prepare_filter(filter, o, &err) < 0)
		code = usage_error(&usage, "%s", err.text);
	return code;
}

int cmd_report(int argc, char **argv)
{
	struct report_options o = { .by = NOT_GIVEN,
				    .sort = NOT_GIVEN,
				    .tree = NOT_GIVEN,
				    .top = REPORT_DEFAULT_TOP,
				    .depth = REPORT_DEFAULT_DEPTH,
				    .least_percent = REPORT_DEFAULT_LEAST_PERCENT };
	struct filter filter = { 0 };
	const char *trace;
	int code = parse_options(&o, argc, argv, &trace, &filter);
	if (code < 0)
		code = make_report(trace, &o, &filter);
	filter_release(&filter);
	option_list_release(&o.filters);
	return code;
}

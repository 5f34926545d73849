/* cmd_dump.c - `alloctrace dump`: the events of a trace. */
#include <stdlib.h>

#include "cli/command.h"
#include "cli/filter_option.h"
#include "cli/output.h"
#include "report/event_dump.h"

struct dump_options {
	struct option_list filters;
	const char *process;
	uint64_t from_ns;
	uint64_t to_ns;
	uint64_t limit;
	bool stacks;
	bool json;
	bool no_pager;
};

static int dump(const char *path, const struct dump_options *o, struct filter *filter)
{
	const struct dump_request request = { filter, o->limit, o->stacks, o->json };
	struct err err;
	char *damage;
	if (!o->no_pager)
		pager_start();
	int result = event_dump(path, &request, stdout, &damage, &err);
	if (result < 0)
		say("%s", err.text);
	else if (damage)
		say("%s: %s", path, damage);
	free(damage);
	return result < 0 ? EXIT_CANNOT : 0;
}

static int prepare_filter(struct filter *f, const struct dump_options *o, struct err *err)
{
	if (filter_parse(f, &o->filters, err) < 0)
		return -1;
	if (o->from_ns)
		f->from_ns = o->from_ns;
	if (o->to_ns)
		f->to_ns = o->to_ns;
	if (f->to_ns && f->to_ns <= f->from_ns)
		return err_set(err, "--to must be later than --from");
	return 0;
}

int cmd_dump(int argc, char **argv)
{
	struct dump_options o = { 0 };
	const struct option options[] = {
		{ "filter", 'f', OPTION_LIST, &o.filters, "TERM",
		  "print only events that pass: " FILTER_TERMS, NULL, NULL },
		{ "from", 0, OPTION_TIME, &o.from_ns, "TIME", "begin so long after the start", NULL,
		  NULL },
		{ "to", 0, OPTION_TIME, &o.to_ns, "TIME", "end so long after the start", NULL,
		  NULL },
		{ "limit", 'n', OPTION_NUMBER, &o.limit, "N",
		  "print so many events at most; 0: all (default)",
		  NULL, NULL },
		{ "stacks", 's', OPTION_FLAG, &o.stacks, NULL, "print all frames of the stacks",
		  NULL, NULL },
		{ "json", 'j', OPTION_FLAG, &o.json, NULL, "print JSON, an object a line", NULL,
		  NULL },
		OPTION_NO_PAGER(o.no_pager),
		OPTION_LAST,
	};
	const struct usage usage = { "dump", "TRACE", "Prints the events of a trace", NULL,
				     options };
	struct filter filter = { 0 };
	struct err err;
	const char *trace;
	int code = options_parse_trace(&usage, argc, argv, &trace);
	if (code < 0 && prepare_filter(&filter, &o, &err) < 0)
		code = usage_error(&usage, "%s", err.text);
	if (code < 0)
		code = dump(trace, &o, &filter);
	filter_release(&filter);
	option_list_release(&o.filters);
	return code;
}

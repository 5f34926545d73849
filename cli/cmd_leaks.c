/* cmd_leaks.c - `alloctrace leaks`: what nothing points to any more, by the scans of a trace, and
 * what keeps growing (leaks_growth.h), by its events. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/filter_option.h"
#include "cli/leaks_asking.h"
#include "cli/leaks_growth.h"
#include "cli/leaks_options.h"
#include "cli/output.h"
#include "cli/suggest.h"
#include "cli/suppressions_option.h"
#include "report/leaks_words.h"
#include "util/mem.h"

enum { DEFAULT_TOP = 10, DEFAULT_DEPTH = 12 };

#define UNSAID UINT64_MAX

static const char *const by_choices[] = { "stack",  "function", "module", "allocator",
					  "thread", "process",	NULL };
static const char *const style_choices[] = { "alloctrace", "lsan", "valgrind", NULL };

/* ---- what the options say ---- */

static int take_kind(const char *word, unsigned *kinds, struct err *err)
{
	struct suggestion best = suggestion_for(word);
	if (strcmp(word, "all") == 0) {
		*kinds = (1u << LEAK_ALL_KINDS) - 1;
		return 0;
	}
	for (unsigned i = 0; i < LEAK_KINDS; i++) {
		if (strcmp(word, leak_kind_key(i)) == 0) {
			*kinds |= 1u << i;
			return 0;
		}
		suggestion_offer(&best, leak_kind_key(i));
	}
	return err_set(err,
		       "--kinds: '%s' is not one of definite, indirect, possible, reachable, "
		       "all%s%s%s",
		       word, best.name ? "; did you mean " : "", best.name ? best.name : "",
		       best.name ? "?" : "");
}

static int parse_kinds(const char *text, unsigned *kinds, struct err *err)
{
	if (!text) {
		*kinds = 1u << LEAK_DEFINITE | 1u << LEAK_POSSIBLE;
		return 0;
	}
	char *copy = mem_strdup(text), *rest = copy, *word;
	int result = 0;
	*kinds = 0;
	while (!result && (word = strsep(&rest, ",")))
		result = take_kind(word, kinds, err);
	free(copy);
	return result;
}

static int parse_at(const char *text, struct leaks_selection *s, struct err *err)
{
	static const char mark[] = "mark:";
	char *end;
	if (!text || strcmp(text, "last") == 0)
		return 0;
	if (strcmp(text, "exit") == 0) {
		s->at = LEAKS_AT_EXIT;
		return 0;
	}
	if (strncmp(text, mark, strlen(mark)) == 0 && text[strlen(mark)]) {
		s->at = LEAKS_AT_MARK;
		s->mark = text + strlen(mark);
		return 0;
	}
	s->at = LEAKS_AT_NUMBER;
	s->number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end)
		return 0;
	return err_set(err, "--at: '%s' is not last, exit, mark:NAME, all or the number of a scan",
		       text);
}

static int make_request(struct leaks_request *request, const struct leaks_options *o,
			struct suppressions *suppressions, struct err *err)
{
	*request = (struct leaks_request){
		.by = (enum leaks_by)o->by,
		.least_bytes = o->least_bytes,
		.top = o->top,
		.tree = o->tree,
		.peek = o->peek,
		.unused = o->unused,
		.suppressions = suppressions->count ? suppressions : NULL,
		.style = { .depth = o->depth,
			   .width = output_width(stdout),
			   .color = output_color(stdout, (enum color_when)o->color),
			   .long_names = o->long_names },
	};
	if (parse_kinds(o->kinds, &request->kinds, err) < 0)
		return -1;
	if (o->at && strcmp(o->at, "all") == 0)
		return 0;
	return parse_at(o->at, &request->selection, err);
}

/* ---- showing ---- */

static void show(struct leaks_report *r, const struct leaks_options *o)
{
	if (o->generate)
		leaks_suppressions(r, stdout);
	else if (o->json)
		leaks_json(r, stdout);
	else if (o->style == LEAKS_STYLE_LSAN && !r->events)
		leaks_lsan(r, stdout);
	else if (o->style == LEAKS_STYLE_VALGRIND && !r->events)
		leaks_valgrind(r, stdout);
	else
		leaks_text(r, stdout);
}

/* --at=all: every scan by itself, in the order of time. */
static bool show_each(struct leaks_report *r, const struct leaks_options *o)
{
	bool lost = false;
	uint32_t count = (uint32_t)trace_reader_leak_scan_count(r->names->reader);
	for (uint32_t i = 0; i < count; i++) {
		leaks_report_choose(r, i);
		if (!o->json && !o->generate && o->style == LEAKS_STYLE_OWN)
			printf("%sscan %u\n", i ? "\n" : "", (unsigned)i);
		show(r, o);
		lost |= leaks_report_has_lost(r);
	}
	return lost;
}

static int show_leaks(const char *path, const struct leaks_options *o,
		      const struct leaks_request *request)
{
	struct err err;
	struct leaks_report r;
	struct progress progress;
	struct progress_sink sink = { progress_step, &progress };
	progress_begin(&progress, "reading");
	int opened = leaks_report_open(&r, path, request, &sink, &err);
	progress_end(&progress);
	if (opened < 0) {
		say("%s", err.text);
		leaks_report_close(&r);
		return EXIT_CANNOT;
	}
	if (!o->no_pager && !o->json && !o->generate)
		pager_start();
	bool lost;
	if (o->at && strcmp(o->at, "all") == 0 && !r.events) {
		lost = show_each(&r, o);
	} else {
		show(&r, o);
		lost = leaks_report_has_lost(&r);
	}
	if (leaks_report_damage(&r) && !o->is_live)
		say("%s: %s", path, leaks_report_damage(&r));
	bool looked = !r.events && r.chosen.count;
	leaks_report_close(&r);
	if (o->error_exitcode && !looked) {
		say("%s: nobody has looked for leaks, so whether something is lost is not known",
		    path);
		return EXIT_CANNOT;
	}
	if (request->selection.at != LEAKS_AT_LAST && !o->is_live && !looked) {
		say("%s: there is no look for leaks at '%s' in it", path, o->at);
		return EXIT_CANNOT;
	}
	return lost ? (int)o->error_exitcode : 0;
}

static int run_leaks(const struct usage *usage, const char *path, const struct leaks_options *o,
		     struct suppressions *suppressions, struct filter *filter)
{
	struct leaks_request request;
	struct err err;
	if (make_request(&request, o, suppressions, &err) < 0)
		return usage_error(usage, "%s", err.text);
	if (o->error_exitcode > 255)
		return usage_error(usage, "--error-exitcode: from 0 to 255");
	if (filter->from_ns || filter->to_ns)
		return usage_error(usage, "--filter: time= is for --growth alone");
	request.filter = filter->count ? filter : NULL;
	return show_leaks(path, o, &request);
}

/* ---- the command ---- */

static bool is_about_events(const struct leaks_options *o)
{
	return o->growth || o->from || o->to;
}

/* The option given that has no meaning for the events, or NULL. */
static const char *option_of_scans(const struct leaks_options *o)
{
	const struct {
		bool given;
		const char *name;
	} options[] = {
		{ o->kinds, "--kinds" },
		{ o->at, "--at" },
		{ o->by, "--by" },
		{ o->tree, "--tree" },
		{ o->peek, "--peek" },
		{ o->least_bytes, "--min-bytes" },
		{ o->suppression_files.count, "--suppressions" },
		{ o->generate, "--gen-suppressions" },
		{ o->unused, "--unused-suppressions" },
		{ o->error_exitcode, "--error-exitcode" },
		{ o->style != LEAKS_STYLE_OWN, "--style" },
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (options[i].given)
			return options[i].name;
	}
	return NULL;
}

/* Options of which one would be passed over in silence. */
static int check_together(const struct usage *usage, const struct leaks_options *o)
{
	const char *other = option_of_scans(o);
	if (o->growth && (o->from || o->to))
		return usage_error(usage, "--growth and --from or --to exclude each other");
	if (is_about_events(o) && other)
		return usage_error(usage, "%s and %s exclude each other",
				   o->growth ? "--growth"
				   : o->from ? "--from"
					     : "--to",
				   other);
	if (o->json && o->style != LEAKS_STYLE_OWN)
		return usage_error(usage, "--json and --style exclude each other");
	if (o->generate && (o->json || o->style != LEAKS_STYLE_OWN))
		return usage_error(usage, "--gen-suppressions and %s exclude each other",
				   o->json ? "--json" : "--style");
	return -1;
}

static int run_events(const char *trace, const struct leaks_options *o, struct filter *filter)
{
	const struct leaks_growth_options growth = { .filter = filter,
						     .from = o->from,
						     .to = o->to,
						     .top = o->top,
						     .depth = o->depth,
						     .json = o->json,
						     .long_names = o->long_names,
						     .no_pager = o->no_pager,
						     .color = o->color };
	return (o->growth ? leaks_growth : leaks_between)(trace, &growth);
}

/* What the options name is read, and the trace found: then what is wanted of it. */
static int run(const struct usage *usage, int argc, char **argv, struct leaks_options *o,
	       struct leaks_asking *asking)
{
	const char *trace;
	struct suppressions suppressions = { NULL, 0, 0 };
	struct filter filter = { 0 };
	struct err err;
	asking->at = o->at;
	int code = leaks_find_trace(usage, argc, argv, asking, &trace);
	if (code < 0 && asking->pid) {
		o->at = asking->scan;
		o->is_live = true;
	}
	/* Other tools list all. */
	if (o->top == UNSAID)
		o->top = o->style == LEAKS_STYLE_OWN ? DEFAULT_TOP : 0;
	if (code < 0 && filter_parse(&filter, &o->filters, &err) < 0)
		code = usage_error(usage, "%s", err.text);
	if (code < 0 && suppressions_option_load(&suppressions, &o->suppression_files) < 0)
		code = EXIT_CANNOT;
	if (code < 0)
		code = is_about_events(o) ? run_events(trace, o, &filter)
					  : run_leaks(usage, trace, o, &suppressions, &filter);
	suppressions_release(&suppressions);
	filter_release(&filter);
	return code;
}

int cmd_leaks(int argc, char **argv)
{
	struct leaks_options o = { .top = UNSAID, .depth = DEFAULT_DEPTH };
	struct leaks_asking asking = { .pid = 0 };
	const struct option options[] = {
		OPTION_GROUP("What is shown"),
		{ "pid", 'p', OPTION_NUMBER, &asking.pid, "PID",
		  "look for leaks in this process now: one that runs under alloctrace", NULL,
		  NULL },
		{ "kinds", 'k', OPTION_STRING, &o.kinds, "KINDS",
		  "definite, indirect, possible, reachable, joined by commas, or all (default "
		  "definite,possible)",
		  NULL, NULL },
		{ "at", 0, OPTION_STRING, &o.at, "WHEN",
		  "which scans: last (of each process, default), exit, mark:NAME, a number, or "
		  "all, "
		  "one after the other",
		  NULL, NULL },
		{ "by", 'b', OPTION_CHOICE, &o.by, "WHAT",
		  "stack (default), function, module, allocator, thread, process", by_choices,
		  NULL },
		{ "tree", 't', OPTION_FLAG, &o.tree, NULL,
		  "below a lost block what is lost with it", NULL, NULL },
		{ "peek", 0, OPTION_FLAG, &o.peek, NULL,
		  "the first bytes of an example, if the trace has them", NULL, NULL },
		{ "filter", 'f', OPTION_LIST, &o.filters, "TERM",
		  "count only allocations that pass: " FILTER_TERMS, NULL, NULL },
		{ "min-bytes", 0, OPTION_BYTES, &o.least_bytes, "BYTES",
		  "leave out places with less, together with what is lost with them", NULL, NULL },
		{ "top", 'n', OPTION_NUMBER, &o.top, "N",
		  "places to list; 0: all (default: 10; of other styles, all)", NULL, NULL },
		{ "depth", 'd', OPTION_NUMBER, &o.depth, "N",
		  "frames of a stack to show, the innermost; 0: all (default: 12)", NULL, NULL },
		{ "long", 'l', OPTION_FLAG, &o.long_names, NULL,
		  "names of functions and files in full", NULL, NULL },
		OPTION_GROUP("Suppressions and gates"),
		OPTION_SUPPRESSIONS(o.suppression_files),
		{ "gen-suppressions", 0, OPTION_FLAG, &o.generate, NULL,
		  "print suppressions that match what would be listed", NULL, NULL },
		{ "unused-suppressions", 0, OPTION_FLAG, &o.unused, NULL,
		  "list the suppressions of leaks that match nothing, too", NULL, NULL },
		{ "error-exitcode", 0, OPTION_NUMBER, &o.error_exitcode, "N",
		  "end with N if something that is lost would be listed (default 0)", NULL, NULL },
		OPTION_GROUP("From the events"),
		{ "growth", 'g', OPTION_FLAG, &o.growth, NULL,
		  "which sites keep growing, by the live bytes of each over time", NULL, NULL },
		{ "from", 0, OPTION_STRING, &o.from, "MARK|TIME",
		  "what was allocated after this moment, and not freed", NULL, NULL },
		{ "to", 0, OPTION_STRING, &o.to, "MARK|TIME", "... by this moment", NULL, NULL },
		OPTION_GROUP("Output"),
		{ "style", 0, OPTION_CHOICE, &o.style, "STYLE",
		  "words of alloctrace (default), lsan or valgrind", style_choices, NULL },
		{ "json", 'j', OPTION_FLAG, &o.json, NULL, "print JSON", NULL, NULL },
		OPTION_COLOR(o.color),
		OPTION_NO_PAGER(o.no_pager),
		OPTION_LAST,
	};
	const struct usage usage = { "leaks", "[TRACE]",
				     "Shows what a program has lost, or what keeps growing", NULL,
				     options };
	int code = options_parse(&usage, OPTIONS_ANYWHERE, &argc, &argv);
	if (code < 0)
		code = check_together(&usage, &o);
	if (code < 0)
		code = run(&usage, argc, argv, &o, &asking);
	option_list_release(&o.suppression_files);
	option_list_release(&o.filters);
	return code;
}

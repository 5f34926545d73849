/* cmd_symbols.c - `alloctrace symbols`: the allocators in files, and who is bound to them. */
#include <signal.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/dlopen_option.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/symbols_gate.h"
#include "cli/symbols_live.h"
#include "cli/symbols_show.h"
#include "cli/symbols_targets.h"
#include "cli/symbols_trace.h"

struct symbols_options {
	struct symbols_show show;
	struct symbols_gate gate;
	struct symbols_live live;
	struct link_environment environment;
	struct dlopen_option dlopen;
	const char *tunables;
	bool bindings; /* of every file that is named */
	bool debuginfod;
};

/* What the shell has for its programs is not what the user asked about: it is not taken silently.
 */
static void tell_of_environment(const struct symbols_options *o)
{
	const char *path = getenv("LD_LIBRARY_PATH"), *preload = getenv("LD_PRELOAD");
	if (path && *path && !o->environment.library_path)
		say("LD_LIBRARY_PATH is set and not taken into account; "
		    "--library-path=\"$LD_LIBRARY_PATH\" does that");
	if (preload && *preload && !o->environment.preload)
		say("LD_PRELOAD is set and not taken into account; --preload=\"$LD_PRELOAD\" does "
		    "that");
}

static int look(struct symbols_options *o, char **paths, int count)
{
	struct symbols_targets targets;
	symbols_targets_init(&targets);
	targets.survey.details = o->show.style.details || o->show.format == SYMBOLS_JSON;
	targets.survey.ask_servers = o->debuginfod;
	symbols_trace_look(&targets, paths, &count);
	const size_t traced = targets.program_count;
	symbols_targets_files(&targets, paths, count, &o->environment,
			      o->bindings || symbols_gate_is_asked(&o->gate) ||
				      symbols_show_wants_bindings(&o->show));
	if (targets.program_count > traced)
		tell_of_environment(o);
	int code = symbols_live_look(&o->live, &targets);
	/* From here on it is this command that writes: see main.c. */
	signal(SIGXFSZ, SIG_IGN);
	if (!code && targets.failed)
		code = EXIT_CANNOT;
	symbols_targets_diagnose(&targets, o->tunables);
	symbols_gate_check(&o->gate, &targets);
	symbols_show(&o->show, &targets, &o->gate);
	code = symbols_gate_finish(&o->gate, &targets, code);
	symbols_targets_release(&targets);
	return code;
}

/* Returns the exit code, also of a mistake in the options. */
static int check_and_look(struct symbols_options *o, const struct usage *usage, char **paths,
			  int count)
{
	if (count == 0 && !symbols_live_is_asked(&o->live))
		return usage_error(usage, "symbols needs a file, a directory or a process");
	if (o->show.json)
		o->show.format = SYMBOLS_JSON;
	int code = symbols_live_check(&o->live, usage);
	if (code < 0)
		code = dlopen_option_read(&o->dlopen, usage);
	o->environment.openings = o->dlopen.openings;
	o->environment.opening_count = o->dlopen.count;
	if (code < 0)
		code = symbols_gate_begin(&o->gate, usage);
	return code < 0 ? look(o, paths, count) : code;
}

int cmd_symbols(int argc, char **argv)
{
	struct symbols_options o = { 0 };
	const struct option options[] = {
		{ "long", 'l', OPTION_FLAG, &o.show.style.details, NULL,
		  "each file's build-id, its allocators' functions and what they are known by; "
		  "each module's bindings",
		  NULL, NULL },
		{ "all", 'a', OPTION_FLAG, &o.show.style.all, NULL,
		  "list files without an allocator, too", NULL, NULL },
		{ "layers", 0, OPTION_FLAG, &o.show.style.layers, NULL,
		  "list what hands requests on to an allocator, too: C++ operators, Rust's default",
		  NULL, NULL },
		{ "bindings", 'b', OPTION_FLAG, &o.bindings, NULL,
		  "who is bound to whom in every file that is named, not only in a single one",
		  NULL, NULL },
		{ "preload", 0, OPTION_STRING, &o.environment.preload, "LIBRARIES",
		  "as if the program were started with these, colons between them, in LD_PRELOAD",
		  NULL, NULL },
		{ "library-path", 0, OPTION_STRING, &o.environment.library_path, "DIRECTORIES",
		  "as if it were started with these in LD_LIBRARY_PATH", NULL, NULL },
		OPTION_DLOPEN(o.dlopen),
		{ "tunables", 0, OPTION_STRING, &o.tunables, "TEXT",
		  "as if it were started with this in GLIBC_TUNABLES", NULL, NULL },
		{ "debuginfod", 0, OPTION_FLAG, &o.debuginfod, NULL,
		  "ask the servers of DEBUGINFOD_URLS for debug files that are not here", NULL,
		  NULL },
		{ "symbol", 's', OPTION_LIST, &o.show.symbols, "PATTERN",
		  "only functions and bindings of this name, as 'je_*' or 'operator new*', "
		  "and where such a name is defined",
		  NULL, NULL },
		{ "module", 'm', OPTION_LIST, &o.show.modules, "PATTERN",
		  "only files and libraries of this name, as 'libfoo*'", NULL, NULL },
		{ "tree", 't', OPTION_FLAG, &o.show.tree, NULL,
		  "which library needs which, and whose malloc it calls", NULL, NULL },
		{ "format", 0, OPTION_CHOICE, &o.show.format, "FORM",
		  "text, json, or dot: a graph for graphviz", symbols_formats, NULL },
		{ "json", 'j', OPTION_FLAG, &o.show.json, NULL, "print JSON: --format=json", NULL,
		  NULL },
		SYMBOLS_LIVE_OPTIONS(o.live),
		OPTION_GROUP("For CI, with exit code 23 where it is not so"),
		{ "expect", 0, OPTION_LIST, &o.gate.expect, "KIND[@MODULE]",
		  "the program's allocator, or that of modules of this name, is KIND, as mimalloc, "
		  "'jemalloc>=5.3', mimalloc@*.node",
		  NULL, NULL },
		{ "forbid", 0, OPTION_LIST, &o.gate.forbid, "KIND[@MODULE]",
		  "KIND is in none of the files and libraries; of a C library's: it serves none of "
		  "them",
		  NULL, NULL },
		{ "single", 0, OPTION_FLAG, &o.gate.single, NULL,
		  "there are not two allocators that can be called", NULL, NULL },
		OPTION_GROUP("Output"),
		OPTION_COLOR(o.show.color),
		OPTION_NO_PAGER(o.show.no_pager),
		OPTION_LAST,
	};
	const struct usage usage = {
		"symbols", "[FILE|DIR|TRACE...] [-- PROGRAM [ARG...]]",
		"Lists the allocators in files and directories, and tells of a program or a\n"
		"process who its malloc, free and the like are bound to",
		NULL, options
	};
	symbols_live_split(&o.live, &argc, argv);
	int code = options_parse(&usage, OPTIONS_ANYWHERE, &argc, &argv);
	if (code >= 0)
		return code;
	code = check_and_look(&o, &usage, argv, argc);
	symbols_gate_release(&o.gate);
	symbols_show_release(&o.show);
	dlopen_option_release(&o.dlopen);
	symbols_live_release(&o.live);
	return code;
}

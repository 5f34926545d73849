/* run.c - `alloctrace run`: options, what can be told before the start, messages, exit code. The
 * work is done in collect/. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/error_policy.h"
#include "cli/family_option.h"
#include "cli/live_errors.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/run_leaks.h"
#include "cli/run_report.h"
#include "cli/signal_option.h"
#include "cli/suppressions_option.h"
#include "collect/clock.h"
#include "collect/collect.h"
#include "elf/program.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "wire/session.h"

enum errors_when { ERRORS_LIVE, ERRORS_END };

enum { DEFAULT_MAX_ERRORS = 50 };

struct run_options {
	const char *output;
	const char *signal;
	uint64_t duration_ns, max_bytes, depth;
	int report; /* enum run_report */
	const char *on_error;
	uint32_t policies; /* from on_error */
	int errors;	   /* enum errors_when */
	struct live_errors live;
	struct option_list suppression_files;
	struct suppressions suppressions;
	bool no_follow, start_paused, no_record, quiet, lossy, free_stacks, mmap, no_symbols, verbose;
	bool no_crash_report;
	struct option_list only, skip;
	struct family_options family;
	struct run_leaks leaks;
	struct collect_options told; /* of the leaks' options */
	struct progress progress; /* label NULL: not begun */
};

static void notice(void *context, const char *text)
{
	const struct run_options *o = context;
	if (!o->quiet)
		say("%s", text);
}

static void show_progress(void *context, uint64_t done, uint64_t all)
{
	struct run_options *o = context;
	if (!o->progress.label)
		progress_begin(&o->progress, "looking up symbols");
	if (!o->quiet)
		progress_step(&o->progress, done, all);
}

static void take_finding(void *context, struct told_finding *finding)
{
	struct run_options *o = context;
	live_errors_take(&o->live, finding);
}

static void take_crash(void *context, struct told_crash *crash)
{
	struct run_options *o = context;
	live_errors_take_crash(&o->live, crash);
}

static void findings_end(void *context)
{
	struct run_options *o = context;
	live_errors_finish(&o->live);
}

static void recorded(void *context, const struct collect_result *result)
{
	struct run_options *o = context;
	if (o->progress.label)
		progress_end(&o->progress);
	if (result->end == COLLECT_END_FAILED)
		say("%s; the trace ends here%s. What is missing can only be had by another run, "
		    "with -o naming a place with room",
		    result->write_error.text,
		    result->program_ended ? "" : ", the program goes on");
	if (!o->quiet)
		run_report_end(result);
	if (!o->quiet || o->report != RUN_REPORT_UNSAID)
		run_report_show(result, (enum run_report)o->report, o->live.suppressions);
}

/* What can be said before anything has been started. 0, or the exit code. */
static int check_program(const char *name, const struct run_options *o)
{
	struct program_info info;
	struct err err = { "" };
	int failed = program_inspect(name, &info, &err);
	if (failed) {
		const char *nearest = failed == PROGRAM_NOT_FOUND ? command_nearest(name) : NULL;
		if (nearest)
			say("%s; did you mean 'alloctrace %s'?", err.text, nearest);
		else
			say("%s", err.text);
		return EXIT_CANNOT_START;
	}
	const char *obstacle = program_obstacle(&info), *note = program_note(&info);
	int code = obstacle ? EXIT_CANNOT_START : 0;
	if (obstacle)
		say("%s", obstacle);
	else if (note && !o->quiet)
		say("%s", note);
	if (!obstacle && o->verbose && info.script_count)
		say("%s is a script: tracing %s, which runs it", info.scripts[0], info.path);
	program_info_release(&info);
	return code;
}

static uint32_t session_options(const struct run_options *o)
{
	return (o->lossy ? SESSION_LOSSY : 0) | (o->free_stacks ? SESSION_FREE_STACKS : 0) |
	       (o->mmap ? SESSION_MMAP : 0) | (o->no_follow ? SESSION_NO_FOLLOW : 0) |
	       (o->no_crash_report ? SESSION_NO_CRASHES : 0);
}

/* The options of this run, for the trace's facts: the words before the program, of those that it
 * was called with. */
static char *options_text(char *const *words, const char *program)
{
	struct strbuf text = STRBUF_INIT;
	for (char *const *word = words; *word && *word != program; word++) {
		if (strcmp(*word, "--") == 0 && word[1] == program)
			break;
		if (text.len)
			strbuf_addc(&text, ' ');
		strbuf_adds(&text, *word);
	}
	return strbuf_detach(&text);
}

/* Exits with the program's code, or dies by its signal (without a core file of its own). */
static _Noreturn void end_as_program(int status)
{
	if (WIFSIGNALED(status)) {
		sigset_t one;
		struct sigaction standard = { .sa_handler = SIG_DFL };
		struct rlimit no_core = { 0, 0 };
		int signal = WTERMSIG(status);
		setrlimit(RLIMIT_CORE, &no_core);
		sigaction(signal, &standard, NULL);
		sigemptyset(&one);
		sigaddset(&one, signal);
		sigprocmask(SIG_UNBLOCK, &one, NULL);
		raise(signal);
		exit(128 + signal);
	}
	exit(WEXITSTATUS(status));
}

/* A failed trace is the tool's failure; the program's own comes first. */
static _Noreturn void end_as(const struct collect_result *result)
{
	fflush(NULL);
	if (result->end == COLLECT_END_FAILED && WIFEXITED(result->status) &&
	    WEXITSTATUS(result->status) == 0)
		exit(EXIT_CANNOT);
	end_as_program(result->status);
}

static int run_program(char **argv, struct run_options *o, const char *options)
{
	struct collect_result result;
	struct err err = { "" };
	struct collect_options collect = {
		.argv = argv,
		.output = o->output,
		.session_options = session_options(o),
		.max_depth = (uint32_t)o->depth,
		.on_error = o->policies,
		.paused = o->start_paused,
		.no_record = o->no_record,
		.toggle_signal = o->told.toggle_signal,
		.leak_points = o->told.leak_points,
		.leak_signal = o->told.leak_signal,
		.leak_interval_ns = o->told.leak_interval_ns,
		.leak_snapshot = o->told.leak_snapshot,
		.peek_bytes = o->told.peek_bytes,
		.duration_ns = o->duration_ns,
		.max_bytes = o->max_bytes,
		.symbols = !o->no_symbols,
		.filter = { .only = o->only.items,
			    .only_count = o->only.count,
			    .skip = o->skip.items,
			    .skip_count = o->skip.count,
			    .follow = !o->no_follow },
		.families = o->family.families.count ? &o->family.families : NULL,
		.options_text = options,
		.notice = notice,
		.recorded = recorded,
		.progress = show_progress,
		.finding = o->quiet ? NULL : take_finding,
		.crash = o->quiet ? NULL : take_crash,
		.findings_end = o->quiet ? NULL : findings_end,
		.context = o,
	};
	memcpy(collect.leak_marks, o->told.leak_marks, sizeof(collect.leak_marks));
	if (o->verbose && !clock_is_steady())
		say("the time-stamp counters of this machine are not steady: times and the order "
		    "of events of different threads are less exact");
	if (collect_run(&collect, &result, &err) < 0) {
		say("%s", err.text);
		collect_result_release(&result);
		return EXIT_CANNOT;
	}
	if (result.exec_errno) {
		err_set(&err, "cannot start %s: %s", argv[0], strerror(result.exec_errno));
		say("%s", err.text);
		collect_result_release(&result);
		return EXIT_CANNOT_START;
	}
	end_as(&result);
}

/* The first conversion of a template that there is not, or NULL. */
static const char *unknown_conversion(const char *template)
{
	for (const char *p = template; (p = strchr(p, '%')); p += 2)
		if (!p[1] || !strchr("pn%", p[1]))
			return p;
	return NULL;
}

static int check_options(const struct usage *usage, struct run_options *o)
{
	struct err err;
	if (o->on_error && error_policy_parse(o->on_error, &o->policies, &err) < 0)
		return usage_error(usage, "--on-error: %s", err.text);
	if (o->depth < 1 || o->depth > SESSION_MAX_DEPTH)
		return usage_error(usage, "--depth: from 1 to %d frames", SESSION_MAX_DEPTH);
	if (o->output && strcmp(o->output, "-") == 0)
		return usage_error(usage, "-o: the standard output is the program's; a FIFO can be "
				   "read by another program");
	if (o->output && !*o->output)
		return usage_error(usage, "-o: a file name is needed");
	if (o->output && unknown_conversion(o->output))
		return usage_error(usage, "-o: in %s, %.2s is none of %%p, %%n and %%%%", o->output,
				   unknown_conversion(o->output));
	if (o->no_record && (o->start_paused || o->signal))
		return usage_error(usage, "--no-record: there is nothing to pause or resume");
	if (o->signal && !signal_is_usable(signal_number(o->signal)))
		return usage_error(usage, "--signal: '%s' cannot be used; USR1 and USR2 can",
				   o->signal);
	o->told.toggle_signal = o->signal ? signal_number(o->signal) : 0;
	return run_leaks_read(&o->leaks, o->no_record, usage, &o->told);
}

/* As options_parse(): -1 to go on, with the program in *argv. */
static int parse_options(struct run_options *o, int *argc, char ***argv)
{
	static const char *const reports[] = { "none", "summary", "full", NULL };
	static const char *const errors_whens[] = { "live", "end", NULL };
	const struct option options[] = {
		OPTION_GROUP("What is recorded"),
		{ "no-follow", 0, OPTION_FLAG, &o->no_follow, NULL,
		  "leave alone the processes that the program starts", NULL, NULL },
		{ "only", 0, OPTION_LIST, &o->only, "PATTERN",
		  "trace only programs whose file name (with a slash in it: path) matches; may be "
		  "given again",
		  NULL, NULL },
		{ "skip", 0, OPTION_LIST, &o->skip, "PATTERN",
		  "do not trace programs that match; may be given again", NULL, NULL },
		{ "depth", 0, OPTION_NUMBER, &o->depth, "N",
		  "keep N frames of each stack, the innermost (default 128)", NULL, NULL },
		{ "free-stacks", 0, OPTION_FLAG, &o->free_stacks, NULL,
		  "record whole stacks for frees too, not just the caller", NULL, NULL },
		{ "mmap", 0, OPTION_FLAG, &o->mmap, NULL,
		  "record mmap, munmap, mremap, brk and sbrk too", NULL, NULL },
		{ "lossy", 0, OPTION_FLAG, &o->lossy, NULL,
		  "never let the program wait: drop and count what comes too fast", NULL, NULL },
		{ "family", 0, OPTION_LIST, &o->family.texts, "FAMILY",
		  "an allocator of the program's own: NAME:alloc=FUNCTION,free=FUNCTION,..., with "
		  "/N behind a function where its size or block is not where C's has it; may be "
		  "given again",
		  NULL, NULL },
		{ "families", 0, OPTION_LIST, &o->family.files, "FILE",
		  "the same, one a line in FILE; may be given again", NULL, NULL },
		OPTION_GROUP("When"),
		{ "start-paused", 0, OPTION_FLAG, &o->start_paused, NULL,
		  "record nothing until --signal or alloctrace_start() says so", NULL, NULL },
		{ "signal", 0, OPTION_STRING, &o->signal, "SIGNAL",
		  "this signal, sent to alloctrace, pauses and resumes", NULL, NULL },
		{ "duration", 0, OPTION_TIME, &o->duration_ns, "TIME",
		  "stop recording after TIME (seconds, or with ms, m, h; 0: never); the program "
		  "goes on",
		  NULL, NULL },
		{ "max-size", 0, OPTION_BYTES, &o->max_bytes, "BYTES",
		  "stop recording when the trace is so large (K, M, G; 0: never); the program goes "
		  "on",
		  NULL, NULL },
		OPTION_GROUP("Wrong frees"),
		{ "on-error", 0, OPTION_STRING, &o->on_error, "POLICY",
		  "what to do about wrong frees: report (default), abort, ignore; or by class or "
		  "group: double=abort,mismatch=ignore",
		  NULL, NULL },
		{ "errors", 0, OPTION_CHOICE, &o->errors, "live|end",
		  "when to tell of them on stderr (default live)", errors_whens, NULL },
		{ "no-record", 0, OPTION_FLAG, &o->no_record, NULL,
		  "look for wrong frees alone: faster, and the trace has nothing else", NULL,
		  NULL },
		{ "no-crash-report", 0, OPTION_FLAG, &o->no_crash_report, NULL,
		  "do not explain crashes: leave the signals that end a program alone", NULL,
		  NULL },
		OPTION_SUPPRESSIONS(o->suppression_files),
		{ "max-errors", 0, OPTION_NUMBER, &o->live.max, "N",
		  "tell of so many different ones; 0: all (default 50)", NULL, NULL },
		OPTION_GROUP("Leaks"),
		OPTIONS_LEAKS(o->leaks),
		OPTION_GROUP("Output"),
		{ "output", 'o', OPTION_STRING, &o->output, "FILE",
		  "write the trace to FILE; %p is the pid, %n the program's name "
		  "(default " COLLECT_DEFAULT_OUTPUT ")",
		  NULL, NULL },
		{ "report", 0, OPTION_CHOICE, &o->report, "none|summary|full",
		  "what to print on stderr at the end (default summary)", reports, NULL },
		{ "no-symbols", 0, OPTION_FLAG, &o->no_symbols, NULL,
		  "do not embed symbols: faster to end, but the trace needs the programs' files",
		  NULL, NULL },
		{ "quiet", 'q', OPTION_FLAG, &o->quiet, NULL,
		  "say nothing but failures: no wrong frees, and no report that is not asked for",
		  NULL, NULL },
		{ "verbose", 'v', OPTION_FLAG, &o->verbose, NULL, "say more", NULL, NULL },
		OPTION_LAST,
	};
	const struct usage usage = {
		"run", "[--] PROGRAM [ARGUMENT...]",
		"Runs a program and records its allocations",
		"The program keeps its input, output, signals and terminal. alloctrace ends as it\n"
		"does. 2: no trace could be written, 125: the program could not be started.\n",
		options
	};
	int code = options_parse(&usage, OPTIONS_BEFORE_ARGUMENTS, argc, argv);
	if (code < 0 && *argc < 1)
		code = usage_error(&usage, "which program?");
	if (code < 0)
		code = check_options(&usage, o);
	return code < 0 ? family_options_read(&o->family, &usage) : code;
}

int cmd_run(int argc, char **argv)
{
	struct run_options o = { .depth = SESSION_DEFAULT_DEPTH,
				 .report = RUN_REPORT_UNSAID,
				 .live = { .max = DEFAULT_MAX_ERRORS } };
	/* Reading the options moves the program's words to the front of argv. */
	char **words = mem_zalloc((size_t)argc + 1, sizeof(*words));
	for (int i = 1; i < argc; i++)
		words[i - 1] = argv[i];
	int code = parse_options(&o, &argc, &argv);
	if (code < 0 && suppressions_option_load(&o.suppressions, &o.suppression_files) < 0)
		code = EXIT_CANNOT;
	if (code < 0)
		code = check_program(argv[0], &o) ?: -1;
	if (code < 0) {
		live_errors_init(&o.live, o.errors == ERRORS_END);
		o.live.suppressions = o.suppressions.count ? &o.suppressions : NULL;
		char *text = options_text(words, argv[0]);
		code = run_program(argv, &o, text);
		free(text);
	}
	option_list_release(&o.only);
	option_list_release(&o.skip);
	family_options_release(&o.family);
	run_leaks_release(&o.leaks);
	option_list_release(&o.suppression_files);
	suppressions_release(&o.suppressions);
	free(words);
	return code;
}

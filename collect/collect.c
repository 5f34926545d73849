/* collect.c - see collect.h: puts the parts together and takes them apart. */
#include "collect/collect.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/channel.h"
#include "collect/embed.h"
#include "collect/launch.h"
#include "collect/life_line.h"
#include "collect/recording.h"
#include "collect/runtime_path.h"
#include "collect/session_memory.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/strbuf.h"

/* ---- the name of the trace ---- */

/* Leaves room in the 255 bytes of a file name for what stands beside it. */
enum { NAME_BYTES_MAX = 200 };

/* The last part of the path, cut, but not inside a character. */
static void add_name(struct strbuf *to, const char *path)
{
	const char *name = path_name(path);
	size_t len = strnlen(name, NAME_BYTES_MAX + 1);
	if (len > NAME_BYTES_MAX)
		for (len = NAME_BYTES_MAX; len > 1 && ((unsigned char)name[len] & 0xc0) == 0x80;)
			len--;
	strbuf_add(to, name, len);
}

static char *output_path(const char *template, const char *program, pid_t pid)
{
	struct strbuf path = STRBUF_INIT;
	for (const char *p = template; *p; p++) {
		if (p[0] == '%' && p[1] == 'p')
			strbuf_addf(&path, "%d", (int)pid);
		else if (p[0] == '%' && p[1] == 'n')
			add_name(&path, program);
		else if (p[0] == '%' && p[1] == '%')
			strbuf_addc(&path, '%');
		else {
			strbuf_addc(&path, *p);
			continue;
		}
		p++;
	}
	return strbuf_detach(&path);
}

/* ---- before the start ---- */

struct run {
	const struct collect_options *options;
	struct collect_result *result;
	struct session session;
	struct channel channel;
	struct launch_state inherited;
	sigset_t blocked;
	struct launch launch;
	bool report_is_due; /* the trace is complete, and nobody has been told */
};

/* LD_PRELOAD is a list with colons and spaces between its entries. */
static char *preloadable(struct run *run, char *runtime, struct err *err)
{
	char link[PATH_MAX];
	if (!runtime || !strpbrk(runtime, ": "))
		return runtime;
	int failed = channel_link(&run->channel, runtime, link, err);
	free(runtime);
	return failed ? NULL : mem_strdup(link);
}

static int start_child(struct run *run, struct err *err)
{
	char *runtime = preloadable(run, runtime_path_find(err), err);
	if (!runtime)
		return -1;
	char **environment = launch_environment(runtime, run->channel.path);
	int failed = launch_fork(&run->launch, &run->inherited, run->options->argv, environment,
				 err);
	launch_environment_free(environment);
	free(runtime);
	return failed;
}

static struct trace_writer *open_trace(struct run *run, struct err *err)
{
	const struct collect_options *o = run->options;
	run->result->path = output_path(o->output ? o->output : COLLECT_DEFAULT_OUTPUT, o->argv[0],
					run->launch.pid);
	struct trace_writer *writer = trace_writer_open(run->result->path, err);
	if (!writer) {
		struct err why = *err;
		err_set(err, "%s; -o FILE writes it elsewhere", why.text);
		return NULL;
	}
	embed_start_facts(writer, o->argv, o->options_text);
	return writer;
}

/* ---- the run ---- */

/* Leaves no trace behind; a device or FIFO that it was written to is not ours to remove. */
static void discard_trace(struct run *run, struct trace_writer *writer)
{
	struct err ignored;
	struct stat st;
	int failed AT_UNUSED = trace_writer_close(writer, &ignored);
	if (lstat(run->result->path, &st) == 0 && S_ISREG(st.st_mode))
		unlink(run->result->path);
}

static void record_program(struct run *run, struct watch *watch, struct trace_writer *writer)
{
	struct recording recording;
	recording_init(&recording, run->options, run->result, &run->session, &run->channel, watch,
		       writer);
	run->result->exec_errno = launch_go(&run->launch);
	if (run->result->exec_errno)
		discard_trace(run, writer);
	else
		recording_run(&recording);
	run->report_is_due = recording.report_is_due;
	recording_release(&recording);
}

/* From the waiting child on. */
static int run_child(struct run *run, struct err *err)
{
	struct trace_writer *writer = open_trace(run, err);
	if (!writer) {
		launch_cancel(&run->launch);
		return -1;
	}
	struct watch watch = { .session = &run->session,
			       .channel = &run->channel,
			       .filter = run->options->filter,
			       .child = run->launch.pid,
			       .toggle_signal = run->options->toggle_signal,
			       .leak_signal = run->options->leak_signal };
	if (watch_start(&watch, &run->blocked, err) < 0) {
		launch_cancel(&run->launch);
		discard_trace(run, writer);
		return -1;
	}
	record_program(run, &watch, writer);
	watch_stop(&watch);
	return 0;
}

static int run_in_session(struct run *run, struct err *err)
{
	if (channel_open(&run->channel, err) < 0)
		return -1;
	int failed = start_child(run, err);
	if (!failed)
		failed = run_child(run, err);
	channel_close(&run->channel);
	return failed;
}

int collect_run(const struct collect_options *options, struct collect_result *result,
		struct err *err)
{
	struct run run = { .options = options, .result = result };
	struct session_settings settings = {
		.options = options->session_options,
		.max_depth = options->max_depth,
		.on_error = options->on_error,
		.leak_points = options->leak_points,
		.state = options->no_record ? SESSION_CHECKING
			 : options->paused  ? SESSION_PAUSED
					    : SESSION_RECORDING,
	};
	memcpy(settings.leak_marks, options->leak_marks, sizeof(settings.leak_marks));
	memset(result, 0, sizeof(*result));
	launch_prepare(&run.inherited, &run.blocked);
	if (session_create(&run.session, &settings, err) < 0)
		return -1;
	life_line_tie(&run.session);
	int failed = run_in_session(&run, err);
	life_line_untie();
	session_release(&run.session);
	launch_restore(&run.inherited);
	if (run.report_is_due && options->recorded)
		options->recorded(options->context, result);
	return failed;
}

void collect_result_release(struct collect_result *result)
{
	free(result->path);
	free(result->empty);
	result->path = result->empty = NULL;
}

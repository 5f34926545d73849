/* writefile.c - where a trace may be written to, and what happens when writing fails. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/trace/check.h"
#include "tests/trace/stream.h"
#include "tests/trace/surgery.h"
#include "trace/trace.h"

static char *path;

static void expect_refused(const char *name, const char *text)
{
	struct err err = { "" };
	struct trace_writer *w = trace_writer_open(name, &err);
	CHECK(!w, "%s was opened, should say: %s", name, text);
	CHECK(strstr(err.text, text), "it says %s, should say: %s", err.text, text);
}

/* Events that do not compress well. */
static void write_noise(struct trace_writer *w, size_t events)
{
	struct rng rng = { 1 };
	for (size_t i = 0; i < events; i++)
		trace_writer_alloc(w, 0, 0, 0, 0, rng_next(&rng), 0);
}

static long count_events(const char *name, bool *damaged)
{
	struct err err = { "" };
	struct trace_verify_report report;
	CHECK(trace_verify(name, &report, &err) == 0, "%s", err.text);
	*damaged = report.damage[0];
	return (long)report.events;
}

static void check_names(void)
{
	struct err err = { "" };
	bool damaged;
	unlink(path);
	CHECK(symlink("no-such-target", path) == 0, "symlink");
	expect_refused(path, "is a symbolic link, which is not followed");
	unlink(path);
	CHECK(mkdir(path, 0700) == 0, "mkdir");
	expect_refused(path, "Is a directory");
	rmdir(path);
	CHECK(mkfifo(path, 0600) == 0, "mkfifo");
	expect_refused(path, "nobody reads from it");
	unlink(path);
	char *below = mem_printf("%s/trace.atz", path);
	expect_refused(below, "cannot create the trace file: No such file");
	free(below);

	struct bytes old = { 0 };
	memset(bytes_reserve(&old, 10000), 'x', 10000);
	old.len = 10000;
	file_save(&old, path);
	expect_refused(path, "is there and no trace");
	/* A longer trace of that name is replaced. */
	memcpy(old.data, FORMAT_MAGIC, FORMAT_MAGIC_BYTES);
	file_save(&old, path);
	bytes_release(&old);
	struct trace_writer *w = trace_writer_open(path, &err);
	CHECK(w, "%s", err.text);
	write_noise(w, 10);
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
	CHECK(count_events(path, &damaged) == 10 && !damaged, "the old content is gone");

	w = trace_writer_open("/dev/null", &err);
	CHECK(w, "%s", err.text);
	write_noise(w, 10);
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
}

/* The trace goes into a pipe; a child copies it into the file. */
static void check_stdout(void)
{
	struct err err = { "" };
	int ends[2];
	bool damaged;
	unlink(path);
	CHECK(pipe(ends) == 0, "pipe");
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		char buffer[4096];
		close(ends[1]);
		int fd = open(path, O_WRONLY | O_CREAT, 0600);
		for (ssize_t n; (n = read(ends[0], buffer, sizeof(buffer))) > 0;)
			if (write(fd, buffer, (size_t)n) != n)
				_exit(1);
		_exit(0);
	}
	int saved = dup(STDOUT_FILENO);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	close(ends[1]);
	struct trace_writer *w = trace_writer_open("-", &err);
	CHECK(w, "%s", err.text);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	write_noise(w, 100000);
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
	int status;
	CHECK(waitpid(child, &status, 0) == child && status == 0, "the copy");
	CHECK(count_events(path, &damaged) == 100000 && !damaged, "the pipe has it all");
}

static void check_pipe_closed(void)
{
	struct err err = { "" };
	unlink(path);
	CHECK(mkfifo(path, 0600) == 0, "mkfifo");
	int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct trace_writer *w = trace_writer_open(path, &err);
	CHECK(w, "%s", err.text);
	close(reader);
	write_noise(w, 10);
	CHECK(trace_writer_flush(w, &err) < 0 && strstr(err.text, strerror(EPIPE)), "%s", err.text);
	CHECK(trace_writer_close(w, &err) < 0, "the error is final");
	unlink(path);
}

static void check_disk_full(void)
{
	struct err err = { "" };
	struct trace_writer *w = trace_writer_open("/dev/full", &err);
	CHECK(!w && strstr(err.text, strerror(ENOSPC)), "%s", err.text);
}

/* A limit on the file's size in the middle of a chunk: the error names the file and is final, and
 * what is left is a good trace up to its last whole chunk. */
static void check_limit(void)
{
	struct err err = { "" };
	struct rlimit old, limit;
	bool damaged;
	unlink(path);
	CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0, "getrlimit");
	limit = old;
	limit.rlim_cur = 100000;
	struct trace_writer *w = trace_writer_open(path, &err);
	CHECK(w, "%s", err.text);
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
	write_noise(w, 1000);
	CHECK(trace_writer_flush(w, &err) == 0, "%s", err.text);
	uint64_t good = trace_writer_bytes(w);
	write_noise(w, 300000);
	CHECK(trace_writer_flush(w, &err) < 0, "the limit was reached");
	CHECK(strstr(err.text, path) && strstr(err.text, strerror(EFBIG)), "%s", err.text);
	CHECK(trace_writer_bytes(w) == good, "no part of a chunk counts");
	write_noise(w, 300000);
	err.text[0] = '\0';
	CHECK(trace_writer_flush(w, &err) < 0 && strstr(err.text, strerror(EFBIG)), "again");
	err.text[0] = '\0';
	CHECK(trace_writer_close(w, &err) < 0 && strstr(err.text, strerror(EFBIG)), "final");
	CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0, "setrlimit");
	struct stat st;
	CHECK(stat(path, &st) == 0 && (uint64_t)st.st_size == good, "cut to the last whole chunk");
	CHECK(count_events(path, &damaged) == 1000 && damaged, "and readable");
}

static void check_not_inherited(void)
{
	struct err err = { "" };
	int next = dup(STDERR_FILENO);
	close(next);
	struct trace_writer *w = trace_writer_open(path, &err);
	CHECK(w, "%s", err.text);
	CHECK(fcntl(next, F_GETFD) & FD_CLOEXEC, "the file is not for children");
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	path = stream_temp_path("writefile");
	check_names();
	check_stdout();
	check_pipe_closed();
	check_disk_full();
	check_limit();
	check_not_inherited();
	unlink(path);
	free(path);
	return 0;
}

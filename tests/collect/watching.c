/* watching.c - collect/watch.c notices the ends of the processes that it is told of, and of no
 * others. */
#include <poll.h>
#include <sys/wait.h>

#include "collect/watch.h"
#include "tests/collect/rig.h"

enum { WAIT_MS = 30000 };

struct fixture {
	struct session session;
	struct channel channel;
	struct watch watch;
};

static void open_all(struct fixture *f)
{
	const struct session_settings settings = { .max_depth = 128, .state = SESSION_RECORDING };
	struct err err;
	sigset_t signals;
	CHECK(session_create(&f->session, &settings, &err) == 0, "%s", err.text);
	CHECK(channel_open(&f->channel, &err) == 0, "%s", err.text);
	f->watch = (struct watch){ .session = &f->session, .channel = &f->channel };
	sigemptyset(&signals);
	CHECK(watch_start(&f->watch, &signals, &err) == 0, "%s", err.text);
}

static void close_all(struct fixture *f)
{
	watch_stop(&f->watch);
	channel_close(&f->channel);
	session_release(&f->session);
}

static pid_t start_process(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	CHECK(pid > 0, "fork");
	return pid;
}

static void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid, "waitpid");
}

/* The only message, which must be one. */
static struct watch_message next(struct fixture *f)
{
	for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms++) {
		size_t count;
		struct watch_message *all = watch_take(&f->watch, &count);
		if (count) {
			CHECK(count == 1, "%zu messages", count);
			struct watch_message first = all[0];
			free(all);
			return first;
		}
		poll(NULL, 0, 1);
	}
	CHECK(false, "no message came");
	return (struct watch_message){ 0 };
}

static void expect_end(struct fixture *f, uint32_t index, pid_t pid)
{
	struct watch_message m = next(f);
	CHECK(m.kind == WATCH_PROCESS_ENDED && m.index == index && m.value == (int)pid,
	      "kind %d index %u pid %d; wanted %u %d", (int)m.kind, m.index, m.value, index,
	      (int)pid);
}

static void ends_are_told_once(struct fixture *f)
{
	pid_t a = start_process(), b = start_process();
	watch_process(&f->watch, 3, a);
	watch_process(&f->watch, 4, b);
	end_process(b);
	expect_end(f, 4, b);
	end_process(a);
	expect_end(f, 3, a);
}

static void one_that_has_ended_is_told_at_once(struct fixture *f)
{
	pid_t a = start_process();
	end_process(a);
	watch_process(&f->watch, 3, a);
	expect_end(f, 3, a);
}

/* The process that had the record before goes on: it has exec'd, and has another record now. */
static void a_record_used_again_has_a_new_watcher(struct fixture *f)
{
	pid_t a = start_process(), b = start_process(), c = start_process();
	watch_process(&f->watch, 5, a);
	watch_process(&f->watch, 5, b);
	watch_process(&f->watch, 6, c);
	end_process(a);
	end_process(c);
	expect_end(f, 6, c);
	watch_process(&f->watch, 5, 0); /* one whose end cannot be seen */
	end_process(b);
	pid_t d = start_process();
	watch_process(&f->watch, 6, d);
	end_process(d);
	expect_end(f, 6, d);
}

int main(void)
{
	struct fixture f;
	open_all(&f);
	ends_are_told_once(&f);
	one_that_has_ended_is_told_at_once(&f);
	a_record_used_again_has_a_new_watcher(&f);
	close_all(&f);
	return 0;
}

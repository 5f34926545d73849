/* watch.c - see watch.h. Which process record a new program gets is in watch_claim.c. */
#include "collect/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/atomics.h"
#include "collect/ask_scan.h"
#include "collect/clock.h"
#include "collect/proc_files.h"
#include "collect/thread_name.h"
#include "collect/watch_claim.h"
#include "util/mem.h"

enum {
	POLL_INTERVAL_MS = 100,
	EVENTS_AT_ONCE = 64,
	ANSWERS_AT_ONCE = 64,
	ASKING_PATIENCE_US = 200000,
	/* A terminal's SIGCONT goes to tool and child at the same moment; a SIGCONT for the tool
	 * alone is passed on if the child still stands after this time. */
	CONTINUE_DELAY_NS = 10000000,
	LATE_CTRL_C_NS = 50000000,
	THREAD_STACK_BYTES = 512 * 1024,
};

/* What an epoll event is about: this, or the index of a process. */
#define ABOUT_SOCKET  (UINT64_C(1) << 32)
#define ABOUT_SIGNALS (UINT64_C(2) << 32)
#define ABOUT_QUIT    (UINT64_C(3) << 32)
#define ABOUT_CHILD   (UINT64_C(4) << 32)
#define ABOUT_ASKING  (UINT64_C(5) << 32)

static void post_locked(struct watch *w, enum watch_kind kind, uint32_t index, int value)
{
	w->queue = mem_grow(w->queue, &w->queue_cap, w->queue_count + 1, sizeof(*w->queue));
	w->queue[w->queue_count++] = (struct watch_message){ kind, index, value };
}

static void post(struct watch *w, enum watch_kind kind, uint32_t index, int value)
{
	pthread_mutex_lock(&w->lock);
	post_locked(w, kind, index, value);
	pthread_mutex_unlock(&w->lock);
	session_wake(w->session);
}

struct watch_message *watch_take(struct watch *w, size_t *count)
{
	pthread_mutex_lock(&w->lock);
	struct watch_message *queue = w->queue;
	*count = w->queue_count;
	w->queue = NULL;
	w->queue_count = w->queue_cap = 0;
	pthread_mutex_unlock(&w->lock);
	return queue;
}

/* ---- the ends of processes ---- */

static void unwatch_locked(struct watch *w, uint32_t index)
{
	if (w->watched[index].fd_plus_1)
		close(w->watched[index].fd_plus_1 - 1);
	w->watched[index] = (struct watched){ 0, 0 };
	for (size_t i = 0; i < w->polled_count; i++)
		if (w->polled[i] == index)
			w->polled[i--] = w->polled[--w->polled_count];
}

static void watch_locked(struct watch *w, uint32_t index, pid_t pid)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = index };
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 && errno == ESRCH) {
		post_locked(w, WATCH_PROCESS_ENDED, index, pid);
		return;
	}
	w->watched[index].pid = pid;
	if (fd >= 0 && epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0) {
		w->watched[index].fd_plus_1 = fd + 1;
		return;
	}
	if (fd >= 0)
		close(fd);
	w->polled = mem_grow(w->polled, &w->polled_cap, w->polled_count + 1, sizeof(*w->polled));
	w->polled[w->polled_count++] = index;
}

void watch_process(struct watch *w, uint32_t index, pid_t pid)
{
	pthread_mutex_lock(&w->lock);
	unwatch_locked(w, index); /* what the record was before */
	/* The child is waited for, which gives its status too. */
	if (pid > 0 && pid != at_load_relaxed(&w->child))
		watch_locked(w, index, pid);
	pthread_mutex_unlock(&w->lock);
}

/* Stops watching and tells the collector. pid 0: the one that was watched. */
static void process_ended(struct watch *w, uint32_t index, pid_t pid)
{
	pthread_mutex_lock(&w->lock);
	if (!pid)
		pid = w->watched[index].pid;
	unwatch_locked(w, index);
	post_locked(w, WATCH_PROCESS_ENDED, index, pid);
	pthread_mutex_unlock(&w->lock);
	session_wake(w->session);
}

/* Returns whether there are any. */
static bool ask_polled(struct watch *w)
{
	pthread_mutex_lock(&w->lock);
	size_t count = w->polled_count;
	uint32_t *polled = mem_alloc(count * sizeof(*polled));
	for (size_t i = 0; i < count; i++)
		polled[i] = w->polled[i];
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < count; i++)
		if (!proc_is_alive((pid_t)at_load_relaxed(&w->session->processes[polled[i]].pid)))
			process_ended(w, polled[i], 0);
	free(polled);
	return count > 0;
}

/* ---- new programs ---- */

static void answer(struct watch *w, int connection, pid_t pid)
{
	char exe[PROC_PATH_BYTES], started_as[THREAD_NAME_BYTES];
	uint32_t earlier[WATCH_MAX_EARLIER];
	size_t earlier_count = watch_earlier_images(w->session, pid, earlier);
	struct session_welcome welcome = { .magic = SESSION_MAGIC,
					   .version = SESSION_VERSION,
					   .pid = (uint32_t)pid,
					   .process = UINT32_MAX };
	proc_exe(pid, exe);
	thread_name_read((uint32_t)pid, (uint32_t)pid, started_as);
	bool wanted = watch_filter_wants(&w->filter, exe, started_as);
	if (!wanted)
		at_add_relaxed(&w->left_out, 1u);
	if (wanted && (w->filter.follow || pid == w->child) && watch_session_is_on(w->session))
		welcome.process = watch_claim(w->session, pid, earlier, earlier_count);
	welcome.trace = welcome.process != UINT32_MAX;
	if (welcome.trace)
		watch_process(w, welcome.process, pid);
	channel_answer(connection, &welcome, w->session->fd);
	/* The program that this process ran before is gone. */
	for (size_t i = 0; i < earlier_count; i++)
		process_ended(w, earlier[i], pid);
}

static void answer_all(struct watch *w)
{
	for (int i = 0; i < ANSWERS_AT_ONCE; i++) {
		pid_t pid = 0;
		int connection = channel_accept(w->channel, &pid);
		if (connection < 0)
			return;
		answer(w, connection, pid);
	}
}

/* Who connects here says at once what is wanted. */
static void take_questions(struct watch *w)
{
	const struct timeval patience = { .tv_usec = ASKING_PATIENCE_US };
	for (int fd; (fd = channel_accept_asking(w->channel)) >= 0;) {
		struct ask_request request = { 0, 0 };
		fcntl(fd, F_SETFL, 0); /* a socket has no other flag */
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (recv(fd, &request, sizeof(request), MSG_WAITALL) == (ssize_t)sizeof(request) &&
		    request.magic == ASK_MAGIC)
			post(w, WATCH_ASKED, request.pid, fd);
		else
			close(fd);
	}
}

/* ---- signals ---- */

bool watch_hold_child(struct watch *w, pid_t pid)
{
	if (pid != at_load_relaxed(&w->child))
		return false;
	pthread_mutex_lock(&w->child_lock);
	if (pid == at_load_relaxed(&w->child))
		return true;
	watch_let_child_go(w);
	return false;
}

void watch_let_child_go(struct watch *w)
{
	const uint64_t one = 1;
	pthread_mutex_unlock(&w->child_lock);
	ssize_t written AT_UNUSED = write(w->look_fd, &one, sizeof(one));
}

/* Takes what has happened to the child; whether anything has. */
static bool wait_for_child(struct watch *w)
{
	int status;
	bool any = false;
	if (pthread_mutex_trylock(&w->child_lock) != 0)
		return false; /* look_fd tells when to look again */
	while (w->child && waitpid(w->child, &status, WNOHANG | WUNTRACED | WCONTINUED) > 0) {
		any = true;
		if (WIFSTOPPED(status)) {
			post(w, WATCH_CHILD_STOPPED, 0, WSTOPSIG(status));
		} else if (WIFEXITED(status) || WIFSIGNALED(status)) {
			at_store_relaxed(&w->child, 0);
			w->child_ended_ns = clock_monotonic_ns();
			post(w, WATCH_CHILD_ENDED, 0, status);
		}
	}
	pthread_mutex_unlock(&w->child_lock);
	return any;
}

/* The tool had stopped because its child had. If nothing has happened to the child since, it
 * has not been continued (and perhaps stopped again): so it still stands. */
static void continue_child(struct watch *w)
{
	const struct timespec delay = { .tv_nsec = CONTINUE_DELAY_NS };
	nanosleep(&delay, NULL);
	if (!wait_for_child(w) && w->child && proc_is_stopped(w->child))
		kill(w->child, SIGCONT);
}

/* The Ctrl-C that ended the child was not meant for what comes after it. */
static bool is_late_ctrl_c(const struct watch *w, const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_KERNEL &&
	       (info->ssi_signo == SIGINT || info->ssi_signo == SIGQUIT) &&
	       clock_monotonic_ns() - w->child_ended_ns < LATE_CTRL_C_NS;
}

/* A signal that the kernel sends for a terminal (Ctrl-C, hang-up) goes to the whole group, so
 * the child has it already. Only the hang-up of a session that the tool leads is for the tool
 * alone: without the tool, the child would lead it. */
static bool child_has_it(const struct signalfd_siginfo *info)
{
	int signal = (int)info->ssi_signo;
	if (signal == SIGINT || signal == SIGQUIT)
		return true;
	return info->ssi_code == SI_KERNEL && !(signal == SIGHUP && getsid(0) == getpid());
}

static void take_signal(struct watch *w, const struct signalfd_siginfo *info)
{
	int signal = (int)info->ssi_signo;
	if (signal == SIGCHLD) {
		wait_for_child(w);
	} else if (w->toggle_signal && signal == w->toggle_signal) {
		post(w, WATCH_TOGGLE, 0, signal);
	} else if (w->leak_signal && signal == w->leak_signal) {
		post(w, WATCH_LEAKS, 0, signal);
	} else if (signal == SIGCONT) {
		continue_child(w);
	} else if (signal == SIGWINCH || signal == SIGURG) {
		return;
	} else if (!w->child) {
		if (is_late_ctrl_c(w, info))
			return;
		if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT)
			post(w, WATCH_INTERRUPTED, 0, signal);
		else if (signal == SIGTSTP)
			post(w, WATCH_CHILD_STOPPED, 0, signal);
	} else if (signal == SIGINT || signal == SIGQUIT) {
		post(w, WATCH_BREAK_OFF, 0, signal); /* the child has it already */
	} else if (!child_has_it(info)) {
		kill(w->child, signal);
	}
}

static void take_signals(struct watch *w)
{
	struct signalfd_siginfo info[16];
	ssize_t bytes = read(w->signal_fd, info, sizeof(info));
	for (ssize_t i = 0; i < bytes / (ssize_t)sizeof(info[0]); i++)
		take_signal(w, &info[i]);
}

/* ---- the thread ---- */

static void look_at_child(struct watch *w)
{
	uint64_t times;
	ssize_t bytes AT_UNUSED = read(w->look_fd, &times, sizeof(times));
	wait_for_child(w);
}

static void *watch_main(void *context)
{
	struct watch *w = context;
	struct epoll_event events[EVENTS_AT_ONCE];
	wait_for_child(w); /* it may have ended before anybody listened */
	for (;;) {
		int timeout_ms = ask_polled(w) ? POLL_INTERVAL_MS : -1;
		int count = epoll_wait(w->epoll_fd, events, EVENTS_AT_ONCE, timeout_ms);
		for (int i = 0; i < count; i++) {
			uint64_t about = events[i].data.u64;
			if (about == ABOUT_QUIT)
				return NULL;
			if (about == ABOUT_SOCKET)
				answer_all(w);
			else if (about == ABOUT_SIGNALS)
				take_signals(w);
			else if (about == ABOUT_ASKING)
				take_questions(w);
			else if (about == ABOUT_CHILD)
				look_at_child(w);
			else
				process_ended(w, (uint32_t)about, 0);
		}
	}
}

static int add_to_epoll(struct watch *w, int fd, uint64_t about)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = about };
	return fd < 0 ? -1 : epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void close_fds(struct watch *w)
{
	int fds[] = { w->epoll_fd, w->signal_fd, w->quit_fd, w->look_fd };
	for (size_t i = 0; i < AT_COUNT_OF(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* The standard size would be `ulimit -s`, which is meant for the program. */
static int start_thread(struct watch *w)
{
	pthread_attr_t attr;
	int code = pthread_attr_init(&attr);
	if (code)
		return code;
	pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	code = pthread_create(&w->thread, &attr, watch_main, w);
	pthread_attr_destroy(&attr);
	return code;
}

int watch_start(struct watch *w, const sigset_t *signals, struct err *err)
{
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	w->quit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->look_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (add_to_epoll(w, w->channel->listen_fd, ABOUT_SOCKET) < 0 ||
	    add_to_epoll(w, w->channel->ask_fd, ABOUT_ASKING) < 0 ||
	    add_to_epoll(w, w->signal_fd, ABOUT_SIGNALS) < 0 ||
	    add_to_epoll(w, w->quit_fd, ABOUT_QUIT) < 0 ||
	    add_to_epoll(w, w->look_fd, ABOUT_CHILD) < 0) {
		err_set_errno(err, "cannot watch the program");
		close_fds(w);
		return -1;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_mutex_init(&w->child_lock, NULL);
	w->watched = mem_zalloc(SESSION_MAX_PROCESSES, sizeof(*w->watched));
	errno = start_thread(w);
	if (errno == 0)
		return 0;
	err_set_errno(err, "cannot start a thread");
	close_fds(w);
	free(w->watched);
	return -1;
}

void watch_stop(struct watch *w)
{
	uint64_t one = 1;
	ssize_t written AT_UNUSED = write(w->quit_fd, &one, sizeof(one));
	pthread_join(w->thread, NULL);
	for (uint32_t i = 0; i < SESSION_MAX_PROCESSES; i++)
		if (w->watched[i].fd_plus_1)
			close(w->watched[i].fd_plus_1 - 1);
	close_fds(w);
	pthread_mutex_destroy(&w->child_lock);
	pthread_mutex_destroy(&w->lock);
	free(w->watched);
	free(w->polled);
	free(w->queue);
}

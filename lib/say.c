/* say.c - see say.h. */
#include "lib/say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/atomics.h"
#include "lib/sys.h"

enum {
	OUTPUT = 1,
	ERRORS = 2,
	/* A pipe that is ready takes so much without waiting. */
	CHUNK_BYTES = 4096,
	PATIENCE_MS = 1000,
	LINE_BYTES = 512,
};

/* What descriptor 2 was at the start; st_ino 0: closed. */
static struct stat at_start;
static char log_path[SAY_PATH_BYTES];
static bool is_stuck; /* the reader was waited for in vain */

static bool look(int fd, struct stat *st)
{
	return !sys_failed(sys_call2(SYS_fstat, fd, st));
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_rdev == b->st_rdev;
}

void say_init(void)
{
	if (!look(ERRORS, &at_start))
		at_start = (struct stat){ .st_ino = 0 };
}

bool say_into(const char *path, size_t bytes)
{
	char *at = log_path;
	size_t room = sizeof(log_path);
	if (path[0] != '/') {
		long cwd = sys_call2(SYS_getcwd, log_path, sizeof(log_path)); /* with its end */
		if (sys_failed(cwd) || log_path[0] != '/')
			cwd = 1;
		at += cwd - 1;
		room -= (size_t)cwd - 1;
		if (room > 1)
			*at++ = '/', room--;
	}
	if (bytes >= room) {
		log_path[0] = '\0';
		return false;
	}
	__builtin_memcpy(at, path, bytes);
	at[bytes] = '\0';
	return true;
}

/* ---- where ---- */

/* A program may have closed its standard error and got the descriptor again for anything. It is for
 * text if it is what it was, a device (/dev/null, a terminal), or where standard output goes as
 * well. */
static bool is_for_text(const struct stat *now)
{
	struct stat output;
	if (at_start.st_ino && is_same(now, &at_start))
		return true;
	if (S_ISCHR(now->st_mode))
		return true;
	return (S_ISREG(now->st_mode) || S_ISFIFO(now->st_mode)) && look(OUTPUT, &output) &&
	       is_same(now, &output);
}

static long open_log(void)
{
	char path[SAY_PATH_BYTES + 16];
	struct text t = text_in(path, sizeof(path) - 1);
	for (const char *p = log_path; *p; p++) {
		if (p[0] == '%' && p[1] == 'p') {
			text_number(&t, sys_getpid());
			p++;
		} else {
			text_char(&t, *p);
		}
	}
	*t.at = '\0';
	return sys_call4(SYS_openat, AT_FDCWD, path,
			 O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
}

/* ---- writing ---- */

static bool is_ready(long fd)
{
	struct pollfd wanted = { .fd = (int)fd, .events = POLLOUT };
	long n = sys_call3(SYS_poll, &wanted, 1, at_load_relaxed(&is_stuck) ? 0 : PATIENCE_MS);
	if (n == 0)
		at_store_relaxed(&is_stuck, true);
	return n > 0 && wanted.revents & POLLOUT;
}

static void put(long fd, bool is_socket, const char *p, size_t bytes)
{
	while (bytes > 0 && is_ready(fd)) {
		size_t chunk = bytes < CHUNK_BYTES ? bytes : CHUNK_BYTES;
		long n = is_socket ? sys_call6(SYS_sendto, fd, (long)p, (long)chunk,
					       MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0)
				   : sys_call3(SYS_write, fd, p, chunk);
		if (n == -EINTR || n == -EAGAIN)
			continue;
		if (sys_failed(n) || n == 0)
			return;
		p += n;
		bytes -= (size_t)n;
	}
}

/* What a write may raise for this thread: taken back, unless it was there before. */
#define SIGNAL_BIT(number) (UINT64_C(1) << ((number)-1))
#define RAISED_BY_WRITES   (SIGNAL_BIT(SIGPIPE) | SIGNAL_BIT(SIGXFSZ))

static uint64_t pending(void)
{
	uint64_t set = 0;
	sys_call2(SYS_rt_sigpending, &set, sizeof(set));
	return set & RAISED_BY_WRITES;
}

static void take_back(uint64_t before)
{
	const struct timespec no_time = { 0, 0 };
	uint64_t raised = pending() & ~before;
	if (raised)
		sys_call4(SYS_rt_sigtimedwait, &raised, 0, &no_time, sizeof(raised));
}

void say(const struct text *text)
{
	struct stat now;
	if (sys_is_restricted())
		return;
	struct sys_signals signals = sys_block_signals();
	uint64_t before = pending();
	long log = log_path[0] ? open_log() : -1;
	if (log >= 0)
		put(log, false, text->start, text_bytes(text));
	else if (look(ERRORS, &now) && is_for_text(&now))
		put(ERRORS, S_ISSOCK(now.st_mode), text->start, text_bytes(text));
	if (log >= 0)
		sys_close(log);
	take_back(before);
	sys_restore_signals(&signals);
}

void say_line(const char *line)
{
	char room[LINE_BYTES];
	struct text t = text_in(room, sizeof(room) - 1);
	text_add(&t, "alloctrace: ");
	text_add_name(&t, line);
	t.end++;
	text_char(&t, '\n');
	say(&t);
}

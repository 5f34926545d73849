/* channel.c - see channel.h. */
#include "collect/channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collect/runtime_path.h"

#define DIR_PREFIX  CHANNEL_DIR_PREFIX
#define SOCKET_NAME CHANNEL_SOCKET_NAME

enum {
	BACKLOG = 1024,
	OPEN_TRIES = 16,
	/* The programs of a tool that was killed go on, and what they start looks for the directory. */
	STALE_S = 24 * 60 * 60,
};

static void remove_dir(int dir_fd, const char *dir)
{
	unlinkat(dir_fd, SOCKET_NAME, 0);
	unlinkat(dir_fd, CHANNEL_ASK_NAME, 0);
	unlinkat(dir_fd, RUNTIME_NAME, 0);
	rmdir(dir);
}

/* Is it a name that make_dir() gives? People name directories after the tool, too. */
static bool is_our_name(const char *name)
{
	if (strncmp(name, DIR_PREFIX, strlen(DIR_PREFIX)) != 0)
		return false;
	name += strlen(DIR_PREFIX);
	size_t digits = strspn(name, "0123456789");
	return digits > 0 && name[digits] == '-' && strlen(name + digits + 1) == strlen("XXXXXX");
}

static bool is_old(const struct stat *st)
{
	return time(NULL) - st->st_mtime > STALE_S;
}

/* Who can lock the directory knows that its tool is dead. */
static void remove_if_stale(int base_fd, const char *base, const char *name)
{
	struct stat st;
	char path[PATH_MAX];
	int fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && is_old(&st) && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    snprintf(path, sizeof(path), "%s/%s", base, name) < (int)sizeof(path))
		remove_dir(fd, path);
	close(fd);
}

static void remove_stale(const char *base)
{
	DIR *dir = opendir(base);
	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (is_our_name(entry->d_name))
			remove_if_stale(dirfd(dir), base, entry->d_name);
	closedir(dir);
}

static int make_dir(struct channel *c, const char *base)
{
	int len =
		snprintf(c->dir, sizeof(c->dir), "%s/" DIR_PREFIX "%d-XXXXXX", base, (int)getpid());
	if (len + strlen("/" SOCKET_NAME) >= sizeof(c->dir)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (!mkdtemp(c->dir))
		return -1;
	c->dir_fd = open(c->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->dir_fd >= 0 && flock(c->dir_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	int code = errno;
	if (c->dir_fd >= 0)
		close(c->dir_fd);
	rmdir(c->dir);
	errno = code;
	return -1;
}

/* make_dir() has left room for the name; path: as large as in an address. */
static int listen_at(const struct channel *c, const char *name, char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(c->dir);
	memcpy(path, c->dir, len);
	path[len] = '/';
	strcpy(path + len + 1, name);
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int code = errno;
	close(fd);
	errno = code;
	return -1;
}

static int make_socket(struct channel *c)
{
	char ask_path[sizeof(c->path)];
	c->listen_fd = listen_at(c, SOCKET_NAME, c->path);
	if (c->listen_fd < 0)
		return -1;
	c->ask_fd = listen_at(c, CHANNEL_ASK_NAME, ask_path);
	if (c->ask_fd >= 0)
		return 0;
	int code = errno;
	close(c->listen_fd);
	errno = code;
	return -1;
}

static int open_in(struct channel *c, const char *base)
{
	/* Between mkdtemp() and flock() another tool may take the directory for a stale one: it has
	 * the lock then, or the directory is gone. */
	for (int i = 0; i < OPEN_TRIES; i++) {
		if (make_dir(c, base) == 0) {
			if (make_socket(c) == 0)
				return 0;
			int code = errno;
			remove_dir(c->dir_fd, c->dir);
			close(c->dir_fd);
			errno = code;
		}
		if (errno != ENOENT && errno != EWOULDBLOCK)
			return -1;
	}
	return -1;
}

int channel_open(struct channel *c, struct err *err)
{
	const char *bases[] = { getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp" };
	for (size_t i = 0; i < AT_COUNT_OF(bases); i++) {
		if (!bases[i] || bases[i][0] != '/')
			continue;
		remove_stale(bases[i]);
		if (open_in(c, bases[i]) == 0)
			return 0;
		err_set_errno(err, "cannot make a socket in %s", bases[i]);
	}
	return err_prefix(err, "the program would have no way to reach the tool (set TMPDIR to a "
			       "directory with a short name that you may write to)");
}

void channel_close(struct channel *c)
{
	close(c->listen_fd);
	close(c->ask_fd);
	remove_dir(c->dir_fd, c->dir);
	close(c->dir_fd);
}

int channel_link(struct channel *c, const char *target, char *path, struct err *err)
{
	snprintf(path, PATH_MAX, "%s/" RUNTIME_NAME, c->dir);
	if (symlinkat(target, c->dir_fd, RUNTIME_NAME) < 0)
		return err_set_errno(err, "cannot make %s", path);
	return 0;
}

static int accept_own(int listen_fd, pid_t *pid)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return -1;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    (peer.uid == geteuid() || peer.uid == 0)) {
		*pid = peer.pid;
		return fd;
	}
	close(fd);
	return -1;
}

int channel_accept(struct channel *c, pid_t *pid)
{
	return accept_own(c->listen_fd, pid);
}

int channel_accept_asking(struct channel *c)
{
	pid_t ignored;
	return accept_own(c->ask_fd, &ignored);
}

void channel_answer(int connection, const struct session_welcome *welcome, int memory_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec data = { (void *)welcome, sizeof(*welcome) };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &memory_fd, sizeof(int));
	/* A peer that has died meanwhile is no matter. */
	ssize_t sent AT_UNUSED = sendmsg(connection, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(connection);
}

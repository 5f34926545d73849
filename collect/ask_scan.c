/* ask_scan.c - see ask_scan.h: the side that asks. */
#include "collect/ask_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "collect/channel.h"
#include "inject/process_maps.h"
#include "wire/session.h"

/* ---- the session of a process ---- */

/* The value of SESSION_ENV in the environment that the process was started with. */
static bool find_in_environment(const struct process_memory *m, char *path, size_t room)
{
	char *line = NULL;
	size_t cap = 0, name = strlen(SESSION_ENV);
	bool found = false;
	int fd = process_memory_file(m, "environ");
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	while (in && !found && getdelim(&line, &cap, '\0', in) > 0)
		if (strncmp(line, SESSION_ENV, name) == 0 && line[name] == '=')
			found = snprintf(path, room, "%s", line + name + 1) < (int)room;
	free(line);
	if (in)
		fclose(in);
	return found;
}

static bool read_header(const struct process_memory *m, struct session_header *header)
{
	static const char memory[] = "/memfd:alloctrace";
	struct process_maps maps = PROCESS_MAPS_INIT;
	struct err ignored;
	bool found = false;
	if (process_maps_read(&maps, m, &ignored) < 0)
		return false;
	for (size_t i = 0; i < maps.count && !found; i++)
		found = strncmp(maps.items[i].path, memory, strlen(memory)) == 0 &&
			maps.items[i].offset == 0 &&
			process_memory_read(m, maps.items[i].start, header, sizeof(*header)) &&
			header->magic == SESSION_MAGIC;
	process_maps_release(&maps);
	return found;
}

static bool find_of_tool(uint32_t tool_pid, char *path, size_t room)
{
	const char *bases[] = { getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp" };
	bool found = false;
	for (size_t i = 0; i < AT_COUNT_OF(bases) && !found; i++) {
		char pattern[512];
		glob_t names;
		if (!bases[i] || bases[i][0] != '/')
			continue;
		snprintf(pattern, sizeof(pattern),
			 "%s/" CHANNEL_DIR_PREFIX "%u-*/" CHANNEL_SOCKET_NAME, bases[i], tool_pid);
		if (glob(pattern, 0, NULL, &names) != 0)
			continue;
		found = names.gl_pathc && snprintf(path, room, "%s", names.gl_pathv[0]) < (int)room;
		globfree(&names);
	}
	return found;
}

static int find_session(pid_t pid, char *path, size_t room, struct err *err)
{
	struct process_memory m = PROCESS_MEMORY_INIT;
	struct session_header header;
	if (process_memory_open(&m, pid, err) < 0)
		return -1;
	bool found = find_in_environment(&m, path, room) ||
		     (read_header(&m, &header) && find_of_tool(header.tool_pid, path, room));
	process_memory_close(&m);
	return found ? 0 : err_set(err, "process %d does not run under alloctrace", (int)pid);
}

/* ---- asking ---- */

static int connect_to(const char *joining, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t folder = strlen(joining) - strlen(CHANNEL_SOCKET_NAME);
	if (strlen(joining) < strlen(CHANNEL_SOCKET_NAME) ||
	    strcmp(joining + folder, CHANNEL_SOCKET_NAME) != 0 ||
	    folder + strlen(CHANNEL_ASK_NAME) >= sizeof(address.sun_path))
		return err_set(err, "%s is no session of alloctrace's", joining);
	memcpy(address.sun_path, joining, folder);
	strcpy(address.sun_path + folder, CHANNEL_ASK_NAME);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int code = errno;
	if (fd >= 0)
		close(fd);
	errno = code;
	if (code == ENOENT || code == ECONNREFUSED)
		return err_set(err, "the alloctrace that traced it has ended");
	return err_set_errno(err, "cannot reach the alloctrace that traces it");
}

static bool receive(int fd, void *out, size_t bytes)
{
	for (size_t got = 0; got < bytes;) {
		ssize_t n = recv(fd, (char *)out + got, bytes - got, 0);
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		got += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static int check(struct ask_answer *a, pid_t pid, struct err *err)
{
	a->problem[sizeof(a->problem) - 1] = a->trace[sizeof(a->trace) - 1] = '\0';
	if (a->magic != ASK_MAGIC)
		return err_set(err, "the alloctrace that traces it is of another version");
	if (!a->has_scan || a->method == SCAN_IMPOSSIBLE)
		return err_set(err, "process %d could not be looked through: %s", (int)pid,
			       a->problem);
	if (!a->trace[0])
		return err_set(err,
			       "the trace that it is recorded into is no file that could be read");
	return 0;
}

int ask_scan(pid_t pid, struct ask_answer *answer, struct err *err)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const struct ask_request request = { ASK_MAGIC, (uint32_t)pid };
	if (find_session(pid, path, sizeof(path), err) < 0)
		return -1;
	int fd = connect_to(path, err);
	if (fd < 0) {
		char what[32];
		snprintf(what, sizeof(what), "process %d", (int)pid);
		return err_prefix(err, what);
	}
	bool answered =
		send(fd, &request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request) &&
		receive(fd, answer, sizeof(*answer));
	close(fd);
	if (!answered)
		return err_set(
			err,
			"process %d: the alloctrace that traces it gave no answer: it has ended "
			"meanwhile, or belongs to another user",
			(int)pid);
	return check(answer, pid, err);
}

/* proc_files.c - see proc_files.h. */
#include "collect/proc_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void proc_exe(pid_t pid, char exe[PROC_PATH_BYTES])
{
	static const char deleted[] = " (deleted)";
	char link[64];
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	ssize_t len = pid > 0 ? readlink(link, exe, PROC_PATH_BYTES - 1) : -1;
	exe[len > 0 ? len : 0] = '\0';
	size_t cut = sizeof(deleted) - 1;
	if (len > (ssize_t)cut && strcmp(exe + len - cut, deleted) == 0)
		exe[len - (ssize_t)cut] = '\0';
}

/* State letter and parent from /proc/PID/stat; the name before them may hold anything. */
static bool read_stat(pid_t pid, char *state, int *parent)
{
	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	const char *after_name = strrchr(text, ')');
	return after_name && sscanf(after_name + 1, " %c %d", state, parent) == 2;
}

pid_t proc_parent(pid_t pid)
{
	char state;
	int parent;
	return read_stat(pid, &state, &parent) ? parent : 0;
}

bool proc_is_alive(pid_t pid)
{
	char state;
	int parent;
	if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
		return false;
	return !read_stat(pid, &state, &parent) || (state != 'Z' && state != 'X');
}

bool proc_is_stopped(pid_t pid)
{
	char state;
	int parent;
	return read_stat(pid, &state, &parent) && state == 'T';
}

/* survivors.c - see survivors.h. */
#include "collect/survivors.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/proc_files.h"

/* The last pid that was given out, or 0 if not known. */
static int last_pid(void)
{
	int pid = 0;
	FILE *file = fopen("/proc/loadavg", "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*s %*s %*s %*s %d", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid;
}

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

static bool maps_memory(pid_t pid, const struct stat *memory)
{
	char *line = NULL;
	size_t cap = 0;
	bool found = false;
	FILE *file = open_proc(pid, "maps");
	while (file && !found && getline(&line, &cap, file) > 0) {
		unsigned long inode;
		found = strstr(line, "/memfd:alloctrace") &&
			sscanf(line, "%*s %*s %*s %*s %lu", &inode) == 1 && inode == memory->st_ino;
	}
	if (file)
		fclose(file);
	free(line);
	return found;
}

static bool has_in_environment(pid_t pid, const char *entry)
{
	char *variable = NULL;
	size_t cap = 0;
	bool found = false;
	FILE *file = open_proc(pid, "environ");
	while (file && !found && getdelim(&variable, &cap, '\0', file) > 0)
		found = strcmp(variable, entry) == 0;
	if (file)
		fclose(file);
	free(variable);
	return found;
}

void survivors_find(struct survivors *found, const struct session *s, const char *socket_path,
		    pid_t after)
{
	char entry[256];
	struct stat memory;
	*found = (struct survivors){ 0 };
	snprintf(entry, sizeof(entry), SESSION_ENV "=%s", socket_path);
	DIR *proc = opendir("/proc");
	if (!proc || fstat(s->fd, &memory) < 0 || last_pid() < after)
		after = 0;
	for (struct dirent *e; proc && (e = readdir(proc));) {
		pid_t pid = (pid_t)atoi(e->d_name);
		if (pid <= after || pid == getpid())
			continue;
		bool mapped = maps_memory(pid, &memory);
		if ((!mapped && !has_in_environment(pid, entry)) || !proc_is_alive(pid))
			continue;
		if (found->mapped + found->starting < SURVIVORS_MAX)
			found->pids[found->mapped + found->starting] = pid;
		if (mapped)
			found->mapped++;
		else
			found->starting++;
	}
	if (proc)
		closedir(proc);
}

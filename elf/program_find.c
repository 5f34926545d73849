/* program_find.c - see program_find.h. */
#include "elf/program_find.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/path.h"

enum {
	SCRIPT_LINE_BYTES = 256, /* what the kernel reads of a "#!" line */
	TEXT_PROBE_BYTES = 80,	 /* where shells look for a NUL that betrays a binary file */
};

static const char env_program[] = "env";
static const char default_shell[] = "/bin/sh";

/* 0 if the file may be executed. */
static int check_file(const char *path, struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		int code = errno == EACCES ? PROGRAM_NOT_EXECUTABLE : PROGRAM_NOT_FOUND;
		err_set_errno(err, "cannot start %s", path);
		return code;
	}
	if (S_ISDIR(st.st_mode)) {
		err_set(err, "cannot start %s: it is a folder", path);
		return PROGRAM_NOT_EXECUTABLE;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(err, "cannot start %s: it is not a regular file", path);
		return PROGRAM_NOT_EXECUTABLE;
	}
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0) {
		if (errno == EACCES && !(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
			err_set(err, "cannot start %s: it is not executable (chmod +x?)", path);
		else
			err_set_errno(err, "cannot start %s", path);
		return PROGRAM_NOT_EXECUTABLE;
	}
	return 0;
}

static char *default_path(void)
{
	size_t bytes = confstr(_CS_PATH, NULL, 0);
	char *path = mem_zalloc(1, bytes + 1);
	confstr(_CS_PATH, path, bytes);
	return path;
}

/* As execvp: the first that may be executed; one that may not is remembered for the message. */
static int search_path(const char *name, char **found, struct err *err)
{
	const char *variable = getenv("PATH");
	char *folders = variable ? mem_strdup(variable) : default_path();
	char *rest = folders, *folder;
	int code = PROGRAM_NOT_FOUND;
	err_set(err, "cannot start %s: there is no such program in PATH", name);
	while ((folder = strsep(&rest, ":"))) {
		struct err why = { "" };
		char *path = *folder ? mem_printf("%s/%s", folder, name) : mem_strdup(name);
		int status = check_file(path, &why);
		if (status == 0) {
			*found = path;
			free(folders);
			return 0;
		}
		free(path);
		if (status == PROGRAM_NOT_EXECUTABLE && code == PROGRAM_NOT_FOUND) {
			code = status;
			err_set(err, "%s", why.text);
		}
	}
	free(folders);
	return code;
}

static int locate(const char *path_or_name, char **found, struct err *err)
{
	if (path_or_name[0] == '\0') {
		err_set(err, "cannot start a program without a name");
		return PROGRAM_NOT_FOUND;
	}
	if (!strchr(path_or_name, '/'))
		return search_path(path_or_name, found, err);
	int code = check_file(path_or_name, err);
	if (code == 0)
		*found = mem_strdup(path_or_name);
	return code;
}

/* Reads the beginning of the file; -1 if it may not be read. */
static ssize_t read_start(const char *path, char *start, size_t room)
{
	int fd = elf_open_regular(path, NULL);
	if (fd < 0)
		return -1;
	ssize_t got = pread(fd, start, room, 0);
	close(fd);
	return got;
}

/* The program that "env ARGUMENTS" starts, cut out of its argument in place; NULL if it is not
 * plain. Without -S the kernel hands over the rest of the line as one word. */
static char *env_command(char *argument)
{
	bool split = false;
	if (strncmp(argument, "-S", 2) == 0) {
		split = true;
		argument += 2;
	} else if (strncmp(argument, "--split-string", 14) == 0) {
		split = true;
		argument += argument[14] == '=' ? 15 : 14;
	}
	if (!split)
		return argument[0] == '-' || strchr(argument, '=') ? NULL : argument;
	char *word;
	while ((word = strsep(&argument, " \t"))) {
		if (word[0] == '-')
			return NULL;
		if (word[0] != '\0' && !strchr(word, '='))
			return word;
	}
	return NULL;
}

/* One step along a "#!" line (without "#!"). Sets *next to the file to look at. */
static int follow_line(const char *script, char *line, char **next, struct err *err)
{
	char *name = line + strspn(line, " \t");
	char *argument = name + strcspn(name, " \t");
	if (*argument)
		*argument++ = '\0';
	argument += strspn(argument, " \t");
	for (size_t len = strlen(argument); len > 0 && isspace((unsigned char)argument[len - 1]);)
		argument[--len] = '\0';
	if (!*name) {
		err_set(err, "cannot start %s: its \"#!\" line names no interpreter", script);
		return PROGRAM_NOT_A_PROGRAM;
	}
	struct err why = { "" };
	int code = check_file(name, &why);
	char *command = *argument && strcmp(path_name(name), env_program) == 0
				? env_command(argument)
				: NULL;
	if (code == 0 && command)
		code = locate(command, next, &why);
	else if (code == 0)
		*next = mem_strdup(name);
	if (code != 0) {
		err_set(err, "%s is a script whose interpreter is missing: %s", script, why.text);
		return code;
	}
	return 0;
}

/* 1 if path is a script, with *next set to what runs it; 0 if it is none. */
static int follow_script(const char *path, char **next, struct err *err)
{
	char start[SCRIPT_LINE_BYTES + 1];
	ssize_t got = read_start(path, start, SCRIPT_LINE_BYTES);
	if (got < 0)
		return 0; /* may be executed but not read */
	start[got] = '\0';
	if (got >= 2 && start[0] == '#' && start[1] == '!') {
		start[2 + strcspn(start + 2, "\n")] = '\0';
		int code = follow_line(path, start + 2, next, err);
		return code == 0 ? 1 : code;
	}
	if (got >= SELFMAG && memcmp(start, ELFMAG, SELFMAG) == 0)
		return 0;
	if (got == 0) {
		err_set(err, "cannot start %s: it is empty", path);
		return PROGRAM_NOT_A_PROGRAM;
	}
	size_t probe = got < TEXT_PROBE_BYTES ? (size_t)got : TEXT_PROBE_BYTES;
	if (memchr(start, '\0', probe)) {
		err_set(err, "cannot start %s: it is neither an ELF program nor a script", path);
		return PROGRAM_NOT_A_PROGRAM;
	}
	*next = mem_strdup(default_shell); /* as execvp does with a text file */
	return 1;
}

int program_find(const char *path_or_name, struct program_info *info, struct err *err)
{
	int code = locate(path_or_name, &info->path, err);
	while (code == 0) {
		char *next = NULL;
		code = follow_script(info->path, &next, err);
		if (code <= 0)
			return code;
		if (info->script_count == PROGRAM_MAX_SCRIPTS) {
			err_set(err, "cannot start %s: too many scripts run by scripts",
				info->scripts[0]);
			free(next);
			return PROGRAM_NOT_A_PROGRAM;
		}
		info->scripts[info->script_count++] = info->path;
		info->path = next;
		code = 0;
	}
	return code;
}

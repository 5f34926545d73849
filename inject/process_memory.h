/* process_memory.h - the memory of another process, read as it is.
 *
 * Nothing is stopped or changed. What is open stays bound to the process, and to the program that
 * it ran when it was opened: a process that ends, its number given to another one, or an exec make
 * reads fail, not give somebody else's bytes. */
#ifndef ALLOCTRACE_INJECT_PROCESS_MEMORY_H
#define ALLOCTRACE_INJECT_PROCESS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

struct process_memory {
	pid_t pid;
	int dir_fd; /* /proc/PID; of another thread of it if the first one has ended alone */
	int mem_fd; /* /proc/PID/mem; -1: it cannot be had, and process_vm_readv() is used */
};

#define PROCESS_MEMORY_INIT                                                                        \
	{                                                                                          \
		0, -1, -1                                                                          \
	}

/* On failure the text says why (it has ended, permissions, yama) and what to do about it. */
int process_memory_open(struct process_memory *m, pid_t pid, struct err *err) AT_MUST_CHECK;
void process_memory_close(struct process_memory *m);

/* All of the bytes, or false. */
bool process_memory_read(const struct process_memory *m, uint64_t at, void *out, size_t bytes);
/* A string, cut off at `room` - 1 bytes; false: its first byte cannot be read. */
bool process_memory_string(const struct process_memory *m, uint64_t at, char *out, size_t room);
/* Opens a file of /proc/PID for reading; -1 with errno. */
int process_memory_file(const struct process_memory *m, const char *name);
/* The value of an entry of the auxiliary vector (AT_...); 0 if it is not there. */
uint64_t process_memory_auxv(const struct process_memory *m, uint64_t type);
/* Why this process may not be looked at: "process 1: WHAT: " and the reason, with what to do about
 * it. Always returns -1. */
int process_memory_refused(const struct process_memory *m, const char *what, struct err *err);
/* Whether the process that was opened has ended, or runs another program. */
bool process_memory_is_gone(const struct process_memory *m);

#endif

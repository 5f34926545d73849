/* proc_files.h - what /proc says of a process. */
#ifndef ALLOCTRACE_COLLECT_PROC_FILES_H
#define ALLOCTRACE_COLLECT_PROC_FILES_H

#include <stdbool.h>
#include <sys/types.h>

enum { PROC_PATH_BYTES = 4096 };

/* Path of the program, "" if not known. " (deleted)" at its end is left out. */
void proc_exe(pid_t pid, char exe[PROC_PATH_BYTES]);
/* The parent's pid, 0 if not known. */
pid_t proc_parent(pid_t pid);
/* Not ended: neither gone nor a zombie. */
bool proc_is_alive(pid_t pid);
/* Stopped by a signal. */
bool proc_is_stopped(pid_t pid);

#endif

/* serve_stop.h - makes all other threads of this process stand, by a signal.
 *
 * Inside the traced process. The signal is one that glibc uses itself, for setuid(), and keeps out
 * of every mask that a program sets through it; what is not ours goes on to its handler. A thread
 * that has blocked it all the same by a system call, or waits in the kernel and takes no signals,
 * is not stopped: it stays CALLED in the list. System calls go on where the kernel restarts them:
 * those of signal(7) which are never restarted end with EINTR. */
#ifndef ALLOCTRACE_LIB_SERVE_STOP_H
#define ALLOCTRACE_LIB_SERVE_STOP_H

#include "wire/serves.h"

/* Stops all threads but the calling one and lists them all, that one first. 0, or a negative errno,
 * and nothing is stopped. One at a time in a process: -EBUSY. */
long serve_stop_begin(struct session_serve *serve);
void serve_stop_end(struct session_serve *serve);

#endif

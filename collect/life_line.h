/* life_line.h - lets the traced processes know at once when the collector is no more, however it
 * ended.
 *
 * A word of the session memory is a robust futex of the calling thread: the kernel marks it when
 * that thread ends, also by SIGKILL. No process has to be asked, whatever namespace it is in. */
#ifndef ALLOCTRACE_COLLECT_LIFE_LINE_H
#define ALLOCTRACE_COLLECT_LIFE_LINE_H

#include "collect/session_memory.h"

/* For the thread that lives as long as the session, which uses no robust mutexes of libc from here
 * on. */
void life_line_tie(struct session *s);

/* The memory is about to go: before session_release(). */
void life_line_untie(void);

#endif

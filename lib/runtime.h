/* runtime.h - start of the runtime, and its life in children.
 *
 * Inside the traced process. The runtime starts with the first hook called or with its
 * constructor, whichever comes first. */
#ifndef ALLOCTRACE_LIB_RUNTIME_H
#define ALLOCTRACE_LIB_RUNTIME_H

#include <stdbool.h>

/* Starts the runtime once: finds the backend, joins the session. True when events are to be
 * recorded. False also inside the start itself; other threads wait until it is over. */
bool runtime_start(void);

/* True when it is certain that this process will never record. */
bool runtime_is_off(void);

/* Before a thread takes a ring. In the child of a fork, gives the process a record of its own first.
 * False: no ring is to be taken, because the child is not traced, or because the caller is a child by
 * vfork() that only borrows this process's memory. */
bool runtime_may_record(void);

/* Whether this process has a record of its own in the session and is not a child that only borrows
 * memory, by vfork() or otherwise. Changes nothing. */
bool runtime_is_of_this_process(void);

#endif

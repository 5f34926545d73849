/* runtime.h - start of the runtime, and its life in children.
 *
 * Inside the traced process. The runtime starts with the first hook called or with its
 * constructor, whichever comes first. */
#ifndef ALLOCTRACE_LIB_RUNTIME_H
#define ALLOCTRACE_LIB_RUNTIME_H

#include <stdbool.h>

/* Starts the runtime once: finds the backend, joins the session. True when events are to be
 * recorded. False also inside the start itself, and while another thread starts it. */
bool runtime_start(void);

/* True when it is certain that this process will never record. */
bool runtime_is_off(void);

/* Called by the first event in the child of a fork. False: the child is not traced. */
bool runtime_forked(void);

#endif

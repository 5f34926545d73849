/* say.h - what the runtime itself writes: to standard error, or to a file that was asked for.
 *
 * Inside the traced process. Without libc and without a descriptor of its own; never raises a
 * signal, and waits a bounded time for a reader. */
#ifndef ALLOCTRACE_LIB_SAY_H
#define ALLOCTRACE_LIB_SAY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/text.h"

enum { SAY_PATH_BYTES = 512 };

/* At the start of the process: remembers what descriptor 2 is. */
void say_init(void);

/* From here on into this file, %p in which is the pid. A relative path is taken from where the
 * process is now. False: too long. */
bool say_into(const char *path, size_t bytes);

/* All at once. Lost if there is no place for it: no system calls may be made any more, or
 * descriptor 2 is not what it was and may be something else's. */
void say(const struct text *text);

/* "alloctrace: " before it, and the end of the line. */
void say_line(const char *line);

#endif

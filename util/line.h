/* line.h - lines of a file that a user names. */
#ifndef ALLOCTRACE_UTIL_LINE_H
#define ALLOCTRACE_UTIL_LINE_H

#include <stdio.h>
#include <sys/types.h>

enum { LINE_MAX_BYTES = 1 << 20 };

/* getline(), which of /dev/zero would take all memory: a line has at most LINE_MAX_BYTES. Returns its
 * bytes, 0 at the end, -1 with errno when it cannot be read or is longer. The caller frees *line. */
ssize_t line_read(char **line, size_t *room, FILE *from);

#endif

/* line.c - see line.h. */
#include "util/line.h"

#include <errno.h>
#include <stdint.h>

#include "util/mem.h"

ssize_t line_read(char **line, size_t *room, FILE *from)
{
	size_t bytes = 0;
	for (int c = 0; c != '\n' && (c = getc(from)) != EOF;) {
		if (bytes == LINE_MAX_BYTES) {
			errno = EFBIG;
			return -1;
		}
		*line = mem_grow(*line, room, bytes + 2, 1);
		(*line)[bytes++] = (char)c;
		(*line)[bytes] = '\0';
	}
	return ferror(from) ? -1 : (ssize_t)bytes;
}

/* file.h - what the fuzz targets of the readers of files share: the input as a file, and a look at
 * it as `alloctrace symbols` does it. */
#ifndef ALLOCTRACE_FUZZ_FILE_H
#define ALLOCTRACE_FUZZ_FILE_H

#include <stddef.h>
#include <stdint.h>

enum { FUZZ_PATH_BYTES = 64 };

/* Makes the input a file that can be executed; its descriptor is to be closed. */
int fuzz_file(const uint8_t *data, size_t size, char path[FUZZ_PATH_BYTES]);
/* Looks for allocators in it, and checks that what is told has a form. */
void fuzz_survey(const char *path);

#endif

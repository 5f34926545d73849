/* image.c - fuzz target: archives, PE and Mach-O files, as `alloctrace symbols` reads them.
 *
 * One program for each corpus: the format is what the input begins with. */
#include <unistd.h>

#include "fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_BYTES];
	int fd = fuzz_file(data, size, path);
	fuzz_survey(path);
	close(fd);
	return 0;
}

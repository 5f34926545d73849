/* slow-symbols.c - preloaded into the tool: makes its look-up of symbols slow enough to be seen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <unistd.h>

enum { DELAY_US = 150000 };

/* libdw's, called once for each unit of a program. */
int dwarf_getsrcfiles(void *unit, void **files, size_t *count);

__attribute__((visibility("default"))) int dwarf_getsrcfiles(void *unit, void **files,
							     size_t *count)
{
	int (*real)(void *, void **, size_t *) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "dwarf_getsrcfiles");
	usleep(DELAY_US);
	return real ? real(unit, files, count) : -1;
}

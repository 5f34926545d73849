/* library_cache.h - /etc/ld.so.cache: which file ldconfig(8) found for a library's name.
 *
 * Reads the format of glibc 2.2 and later, also behind the older one in the same file. The file is
 * read as one that may lie: nothing outside of it is touched, and names that do not end are none.
 */
#ifndef ALLOCTRACE_LINK_LIBRARY_CACHE_H
#define ALLOCTRACE_LINK_LIBRARY_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct library_cache {
	uint8_t *bytes; /* NULL: there is none */
	size_t count;
	size_t start; /* of the part that is read; all offsets in it are from here */
};

/* How many subdirectories of glibc-hwcaps a processor can have: x86-64-v2 to -v4. */
enum { HWCAPS_MAX = 3 };

/* Best first; ends with NULL. Empty where the machine is not the one that we run on. */
void hwcaps_read(const char *names[HWCAPS_MAX + 1], uint16_t machine, uint8_t bits);

/* A file that is not there or not a cache is one without names. */
void library_cache_open(struct library_cache *cache, const char *path);
void library_cache_close(struct library_cache *cache);

/* The file for the name among those of this kind (`id`, the flags of an entry: see dl-cache.h of
 * glibc), in the best of the subdirectories; NULL: none. The text is the cache's. */
const char *library_cache_find(const struct library_cache *cache, const char *name, int32_t id,
			       const char *const *hwcaps);

#endif

/* library_cache.c - see library_cache.h.
 *
 *	old part, may be missing	"ld.so-1.7.0", a count, entries of 12 bytes
 *	new part, at a multiple of 8	header of 48 bytes, entries of 24 bytes, strings, extensions
 *
 * Offsets of strings are from the beginning of the new part. An entry whose hwcap has bit 62 set is
 * for a subdirectory of glibc-hwcaps: the low half counts in the extension of tag 1. */
#include "link/library_cache.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/elf_file.h"
#include "util/mem.h"

enum {
	OLD_HEADER_BYTES = 16,
	OLD_ENTRY_BYTES = 12,
	HEADER_BYTES = 48,
	ENTRY_BYTES = 24,
	EXTENSION_OFFSET = 32, /* in the header */
	SECTION_BYTES = 16,
	SECTION_HWCAPS = 1,
	CACHE_MAX_BYTES = 256 << 20,
	ISA_SHIFT = 32,
	ISA_MASK = 0x3ff,
};

static const char old_magic[] = "ld.so-1.7.0", new_magic[] = "glibc-ld.so.cache1.1";
static const uint32_t extension_magic = 0xeaa42174;
static const uint64_t named_hwcap = (uint64_t)1 << 62;

struct entry {
	int32_t flags;
	uint32_t key, value, os_version;
	uint64_t hwcap;
};

/* ---- the processor ---- */

#if defined(__x86_64__)
/* What glibc's levels are for; the smaller ones of a level are in every processor that has the
 * others. */
static unsigned isa_level(void)
{
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("ssse3") ||
	    !__builtin_cpu_supports("popcnt"))
		return 1;
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
	    !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("fma"))
		return 2;
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
	    !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
	    !__builtin_cpu_supports("avx512vl"))
		return 3;
	return 4;
}
static const uint16_t own_machine = EM_X86_64;
#else
static unsigned isa_level(void)
{
	return 1;
}
static const uint16_t own_machine = EM_NONE;
#endif

void hwcaps_read(const char *names[HWCAPS_MAX + 1], uint16_t machine, uint8_t bits)
{
	static const char *const levels[] = { "x86-64-v4", "x86-64-v3", "x86-64-v2" };
	size_t count = 0;
	if (machine == own_machine && bits == 64)
		for (unsigned i = 0; i < HWCAPS_MAX; i++)
			if (isa_level() >= 4 - i)
				names[count++] = levels[i];
	names[count] = NULL;
}

/* ---- the file ---- */

static uint32_t u32_at(const struct library_cache *c, size_t at)
{
	uint32_t value;
	memcpy(&value, c->bytes + c->start + at, sizeof(value));
	return value;
}

static size_t room(const struct library_cache *c)
{
	return c->count - c->start;
}

static bool starts_with(const struct library_cache *c, size_t at, const char *magic)
{
	size_t bytes = strlen(magic);
	return c->count >= bytes && at <= c->count - bytes &&
	       memcmp(c->bytes + at, magic, bytes) == 0;
}

/* Where the new part begins; false: there is none. */
static bool find_start(struct library_cache *c)
{
	size_t at = 0;
	if (starts_with(c, 0, old_magic) && c->count >= OLD_HEADER_BYTES) {
		uint32_t entries;
		memcpy(&entries, c->bytes + 12, sizeof(entries));
		at = OLD_HEADER_BYTES + (size_t)entries * OLD_ENTRY_BYTES;
		at = (at + 7) & ~(size_t)7;
	}
	if (at > c->count || c->count - at < HEADER_BYTES || !starts_with(c, at, new_magic))
		return false;
	c->start = at;
	return true;
}

static bool read_whole(struct library_cache *c, int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > CACHE_MAX_BYTES)
		return false;
	c->bytes = mem_alloc((size_t)st.st_size);
	while (c->count < (size_t)st.st_size) {
		ssize_t got = read(fd, c->bytes + c->count, (size_t)st.st_size - c->count);
		if (got <= 0)
			break;
		c->count += (size_t)got;
	}
	return find_start(c);
}

void library_cache_open(struct library_cache *cache, const char *path)
{
	struct err err;
	*cache = (struct library_cache){ NULL, 0, 0 };
	int fd = elf_open_regular(path, &err);
	if (fd < 0)
		return;
	if (!read_whole(cache, fd))
		library_cache_close(cache);
	close(fd);
}

void library_cache_close(struct library_cache *cache)
{
	free(cache->bytes);
	*cache = (struct library_cache){ NULL, 0, 0 };
}

/* ---- a name ---- */

/* NULL: it does not end inside. */
static const char *text_at(const struct library_cache *c, uint32_t at)
{
	if (at >= room(c) || !memchr(c->bytes + c->start + at, '\0', room(c) - at))
		return NULL;
	return (const char *)c->bytes + c->start + at;
}

static size_t entry_count(const struct library_cache *c)
{
	size_t fit = (room(c) - HEADER_BYTES) / ENTRY_BYTES, told = u32_at(c, 20);
	return told < fit ? told : fit;
}

static struct entry entry_at(const struct library_cache *c, size_t index)
{
	struct entry e;
	size_t at = HEADER_BYTES + index * ENTRY_BYTES;
	uint64_t high = u32_at(c, at + 20);
	e.flags = (int32_t)u32_at(c, at);
	e.key = u32_at(c, at + 4);
	e.value = u32_at(c, at + 8);
	e.os_version = u32_at(c, at + 12);
	e.hwcap = high << 32 | u32_at(c, at + 16);
	return e;
}

/* The name of the subdirectory that the extension has at this place. */
static const char *hwcap_name(const struct library_cache *c, uint32_t index)
{
	size_t at = u32_at(c, EXTENSION_OFFSET);
	if (at == 0 || at > room(c) || room(c) - at < 8 || u32_at(c, at) != extension_magic)
		return NULL;
	size_t fit = (room(c) - at - 8) / SECTION_BYTES, sections = u32_at(c, at + 4);
	if (sections > fit)
		sections = fit;
	for (size_t i = 0; i < sections; i++) {
		size_t section = at + 8 + i * SECTION_BYTES;
		size_t offset = u32_at(c, section + 8), bytes = u32_at(c, section + 12);
		if (u32_at(c, section) != SECTION_HWCAPS)
			continue;
		if (offset > room(c) || bytes > room(c) - offset || index >= bytes / 4)
			return NULL;
		return text_at(c, u32_at(c, offset + (size_t)index * 4));
	}
	return NULL;
}

/* Where the subdirectory of the entry comes among those that the processor has, from 1; 0: it has
 * it not. */
static unsigned rank_of(const struct library_cache *c, const struct entry *e,
			const char *const *hwcaps)
{
	const char *name = hwcap_name(c, (uint32_t)e->hwcap);
	/* A file that needs a higher level than the directory's says so by the number of the level.
	 */
	if ((e->hwcap >> ISA_SHIFT & ISA_MASK) > 0 &&
	    (e->hwcap >> ISA_SHIFT & ISA_MASK) >= isa_level())
		return 0;
	for (unsigned i = 0; name && hwcaps[i]; i++)
		if (strcmp(hwcaps[i], name) == 0)
			return i + 1;
	return 0;
}

/* As glibc's search_cache(): the named subdirectories come first, the best of them wins; then the
 * first that is in none. */
const char *library_cache_find(const struct library_cache *cache, const char *name, int32_t id,
			       const char *const *hwcaps)
{
	const char *best = NULL;
	unsigned best_rank = 0;
	for (size_t i = 0; cache->bytes && i < entry_count(cache); i++) {
		const struct entry e = entry_at(cache, i);
		const char *key = e.flags == id ? text_at(cache, e.key) : NULL;
		const char *value = key && strcmp(key, name) == 0 ? text_at(cache, e.value) : NULL;
		if (!value)
			continue;
		if (!(e.hwcap & named_hwcap)) {
			if (best)
				break;
			return value;
		}
		unsigned rank = rank_of(cache, &e, hwcaps);
		if (rank && (!best || rank < best_rank)) {
			best = value;
			best_rank = rank;
		}
	}
	return best;
}

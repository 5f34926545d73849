/* perf_map.c - see perf_map.h. */
#include "symbol/perf_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/elf_file.h"
#include "util/mem.h"

enum {
	MAX_BYTES = 1 << 30,
	MAX_NAME_BYTES = 4096,
};

void perf_map_release(struct perf_map *map)
{
	range_map_release(&map->map);
	free(map->names);
	free(map->text);
	*map = (struct perf_map){ 0 };
}

/* Reads a hexadecimal number and the white space after it; NULL if there is none. */
static const char *parse_hex(const char *at, uint64_t *value)
{
	*value = 0;
	if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
		at += 2;
	const char *start = at;
	for (;; at++) {
		unsigned digit;
		if (*at >= '0' && *at <= '9')
			digit = (unsigned)(*at - '0');
		else if ((*at | 0x20) >= 'a' && (*at | 0x20) <= 'f')
			digit = (unsigned)((*at | 0x20) - 'a') + 10;
		else
			break;
		if (*value >> 60)
			return NULL;
		*value = *value << 4 | digit;
	}
	if (at == start || (*at != ' ' && *at != '\t'))
		return NULL;
	return at + strspn(at, " \t");
}

static void add_line(struct perf_map *map, char *line, size_t len)
{
	uint64_t start, size, end;
	const char *at = parse_hex(line, &start);
	at = at ? parse_hex(at, &size) : NULL;
	if (!at || *at == '\0' || __builtin_add_overflow(start, size, &end) ||
	    map->name_count >= RANGE_NONE)
		return;
	if (len > 0 && line[len - 1] == '\r')
		line[len - 1] = '\0';
	size_t name = (size_t)(at - map->text);
	if (strnlen(at, MAX_NAME_BYTES) == MAX_NAME_BYTES)
		map->text[name + MAX_NAME_BYTES] = '\0';
	map->names = mem_grow(map->names, &map->name_cap, map->name_count + 1, sizeof(*map->names));
	uint32_t index = (uint32_t)map->name_count++;
	map->names[index] = name;
	range_map_add(&map->map, start, end, index, index);
}

static void parse(struct perf_map *map, size_t bytes)
{
	char *end = map->text + bytes;
	for (char *line = map->text; line < end;) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline)
			break; /* still being written, or cut off by the bound: not to be trusted */
		*newline = '\0';
		add_line(map, line, (size_t)(newline - line));
		line = newline + 1;
	}
	range_map_build(&map->map);
}

/* Reads until the end or the bound: the size may change while the process is alive. */
static ssize_t read_all(int fd, char **text)
{
	size_t used = 0, cap = 0;
	for (;;) {
		*text = mem_grow(*text, &cap, used + (64 << 10) + 1, 1);
		size_t room = cap - used - 1;
		if (room > MAX_BYTES - used)
			room = MAX_BYTES - used;
		ssize_t got = room > 0 ? read(fd, *text + used, room) : 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		used += (size_t)got;
		if (got == 0) {
			(*text)[used] = '\0';
			return (ssize_t)used;
		}
	}
}

static bool owner_is_trusted(int fd)
{
	struct stat st;
	uid_t me = geteuid();
	return me == 0 || (fstat(fd, &st) == 0 && (st.st_uid == me || st.st_uid == 0));
}

int perf_map_load(struct perf_map *map, const char *path, struct err *err)
{
	*map = (struct perf_map){ 0 };
	int fd = elf_open_regular(path, err);
	if (fd < 0)
		return -1;
	if (!owner_is_trusted(fd)) {
		close(fd);
		return err_set(err, "%s belongs to somebody else and is not read", path);
	}
	ssize_t bytes = read_all(fd, &map->text);
	close(fd);
	if (bytes < 0) {
		err_set_errno(err, "cannot read %s", path);
		perf_map_release(map);
		return -1;
	}
	parse(map, (size_t)bytes);
	if (bytes >= MAX_BYTES)
		err_set(err, "%s is larger than 1 GiB: only that much was read", path);
	return 0;
}

const char *perf_map_find(const struct perf_map *map, uint64_t address)
{
	uint32_t found = range_map_find(&map->map, address);
	return found == RANGE_NONE ? NULL : map->text + map->names[found];
}

/* map_lines.c - see map_lines.h. A line:
 *
 *	7f0a40000000-7f0a40021000 rw-p 00000000 00:00 0      [anon:glibc: pthread stack: 77]
 */
#include "lib/map_lines.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/atomics.h"
#include "lib/sys.h"

enum {
	BUFFER_BYTES = 1024,
	NAME_BYTES = 64, /* the beginning is enough */
	TAIL_BYTES = 10, /* " (deleted)" */
	NAME_FIELD = 5,	 /* after the addresses, mode, offset, device and inode */
	KEPT = 16,	 /* regions that say nothing */
	LOOK_UPS_MAX = 500,
};

struct line {
	uintptr_t low, high, number;
	char mode[4]; /* "rw-p" */
	char name[NAME_BYTES];
	char tail[TAIL_BYTES];
	size_t name_bytes, field_bytes;
	unsigned field;
};

static void take_address(struct line *l, char c)
{
	if (c == '-') {
		l->low = l->number;
		l->number = 0;
	} else {
		l->number = l->number << 4 | (uintptr_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
}

static void take_name(struct line *l, char c)
{
	if (l->name_bytes < NAME_BYTES - 1)
		l->name[l->name_bytes] = c;
	l->name_bytes++;
	for (size_t i = 1; i < TAIL_BYTES; i++)
		l->tail[i - 1] = l->tail[i];
	l->tail[TAIL_BYTES - 1] = c;
}

static void take(struct line *l, char c)
{
	if (l->field < NAME_FIELD && c == ' ') {
		if (l->field == 0)
			l->high = l->number;
		l->field++;
		l->field_bytes = 0;
	} else if (l->field == 0) {
		take_address(l, c);
	} else if (l->field == 1 && l->field_bytes < sizeof(l->mode)) {
		l->mode[l->field_bytes++] = c;
	} else if (l->field == NAME_FIELD && (l->name_bytes || c != ' ')) {
		take_name(l, c);
	}
}

static bool find_line(uintptr_t address, struct line *l)
{
	char buffer[BUFFER_BYTES];
	long fd = sys_open("/proc/self/maps"), n;
	bool found = false;
	if (sys_failed(fd))
		return false;
	*l = (struct line){ 0 };
	while (!found && (n = sys_read(fd, buffer, sizeof(buffer))) > 0) {
		for (long i = 0; i < n && !found; i++) {
			if (buffer[i] != '\n') {
				take(l, buffer[i]);
				continue;
			}
			found = address >= l->low && address < l->high;
			if (!found)
				*l = (struct line){ 0 };
		}
	}
	sys_close(fd);
	return found;
}

static bool begins(const struct line *l, const char *text)
{
	return __builtin_strncmp(l->name, text, __builtin_strlen(text)) == 0;
}

static bool contains(const struct line *l, const char *text)
{
	size_t bytes = __builtin_strlen(text);
	for (size_t i = 0; i + bytes < NAME_BYTES; i++)
		if (__builtin_memcmp(l->name + i, text, bytes) == 0)
			return true;
	return false;
}

/* Allocators have memory from devices, from hugetlbfs, and from files that they have deleted or
 * share. */
static bool is_file(const struct line *l)
{
	static const char *const memory[] = { "/dev/", "/memfd:", "/anon_hugepage", "/SYSV" };
	if (l->name[0] != '/' || contains(l, "huge") ||
	    __builtin_memcmp(l->tail, " (deleted)", TAIL_BYTES) == 0)
		return false;
	for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++)
		if (begins(l, memory[i]))
			return false;
	return l->mode[1] != 'w' || l->mode[3] == 'p';
}

static enum map_kind kind_of(const struct line *l)
{
	if (is_file(l))
		return MAP_LINE_FILE;
	if (begins(l, "[stack") || (begins(l, "[anon:") && contains(l, "stack")))
		return MAP_LINE_STACK;
	return MAP_LINE_NOTHING;
}

/* Any thread writes any place: what is read may be a mixture of two regions, and then an address in
 * between is not looked up. */
static struct region {
	uintptr_t low, high;
} kept[KEPT];
static unsigned look_ups;

static bool is_kept(uintptr_t address)
{
	for (unsigned i = 0; i < KEPT; i++)
		if (address < at_load_relaxed(&kept[i].high) &&
		    address >= at_load_relaxed(&kept[i].low))
			return true;
	return false;
}

enum map_kind map_lines_kind(uintptr_t address)
{
	struct line l;
	if (sys_is_restricted() || is_kept(address) || at_load_relaxed(&look_ups) >= LOOK_UPS_MAX)
		return MAP_LINE_NOTHING;
	unsigned which = at_add_relaxed(&look_ups, 1u) % KEPT;
	if (!find_line(address, &l))
		return MAP_LINE_NOTHING;
	enum map_kind kind = kind_of(&l);
	if (kind == MAP_LINE_NOTHING) {
		at_store_relaxed(&kept[which].low, l.low);
		at_store_relaxed(&kept[which].high, l.high);
	}
	return kind;
}

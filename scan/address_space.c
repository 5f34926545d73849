/* address_space.c - see address_space.h. */
#include "scan/address_space.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

enum { MOST_SEGMENTS = 64, PAGE = 4096, TLS_SLACK = 4096 };

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* What can be read from a device may be gone afterwards, or hang. */
static enum mapping_kind kind_of(const char *path)
{
	if (!*path || starts_with(path, "[anon") || starts_with(path, "//anon") ||
	    starts_with(path, "/dev/zero") || starts_with(path, "/anon_hugepage"))
		return MAPPED_ANONYMOUS;
	if (starts_with(path, "/memfd:alloctrace"))
		return MAPPED_SESSION;
	if (starts_with(path, "[heap]"))
		return MAPPED_BRK;
	if (starts_with(path, "[stack"))
		return MAPPED_STACK;
	if (*path == '[')
		return MAPPED_KERNEL;
	if (*path != '/' || (starts_with(path, "/dev/") && !starts_with(path, "/dev/shm/")) ||
	    starts_with(path, "/proc/") || starts_with(path, "/sys/"))
		return MAPPED_DEVICE;
	return MAPPED_FILE;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool is_libc(const char *path)
{
	const char *name = base_name(path);
	return starts_with(name, "libc.so.") || starts_with(name, "libc-2.");
}

static uint32_t module_of(struct address_space *s, const struct scan_target *target,
			  const char *path, uint64_t start)
{
	for (size_t i = s->module_count; i-- > 0;)
		if (strcmp(s->modules[i].path, path) == 0)
			return (uint32_t)i;
	s->modules = mem_grow(s->modules, &s->module_cap, s->module_count + 1, sizeof(*s->modules));
	s->modules[s->module_count] = (struct scan_module){
		.path = mem_strdup(path),
		.start = start,
		.is_allocator = target->is_allocator && target->is_allocator(target->context, path),
		.is_libc = is_libc(path),
		.is_runtime = starts_with(base_name(path), "liballoctrace.so"),
	};
	return (uint32_t)s->module_count++;
}

/* A line, without its end. */
static void add_mapping(struct address_space *s, const struct scan_target *target, const char *line)
{
	unsigned long long low, high, offset;
	char permissions[5] = "";
	int path_at = 0;
	if (sscanf(line, "%llx-%llx %4s %llx %*s %*s %n", &low, &high, permissions, &offset,
		   &path_at) < 4 ||
	    low >= high || strlen(permissions) != 4)
		return;
	if (s->mapping_count && s->mappings[s->mapping_count - 1].high > low)
		return;
	const char *path = path_at ? line + path_at : "";
	enum mapping_kind kind = kind_of(path);
	s->mappings =
		mem_grow(s->mappings, &s->mapping_cap, s->mapping_count + 1, sizeof(*s->mappings));
	s->mappings[s->mapping_count++] = (struct mapping){
		.low = low,
		.high = high,
		.offset = offset,
		.readable = permissions[0] == 'r',
		.writable = permissions[1] == 'w',
		.executable = permissions[2] == 'x',
		.kind = (uint8_t)kind,
		.module = kind == MAPPED_FILE ? module_of(s, target, path, low) : NO_MODULE,
	};
}

static void add_data(struct address_space *s, uint32_t module, uint64_t low, uint64_t high)
{
	if (low >= high)
		return;
	s->data = mem_grow(s->data, &s->data_cap, s->data_count + 1, sizeof(*s->data));
	s->data[s->data_count++] = (struct module_data){ { low, high }, module };
}

/* The module whose first bytes are mapped there: its writable segments, as its header in memory
 * says. That of a file which is no module or whose header makes no sense are its mappings. */
static void add_segments(struct address_space *s, const struct mapping *m, struct read_cache *cache)
{
	Elf64_Ehdr header;
	Elf64_Phdr segments[MOST_SEGMENTS];
	uint64_t bias = m->low;
	if (m->offset != 0 || !m->readable ||
	    !read_cache_get(cache, m->low, &header, sizeof(header)) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(segments[0]) ||
	    header.e_phnum > MOST_SEGMENTS || header.e_phoff > PAGE ||
	    !read_cache_get(cache, m->low + header.e_phoff, segments,
			    header.e_phnum * sizeof(segments[0])))
		return;
	struct scan_module *module = &s->modules[m->module];
	for (unsigned i = 0; i < header.e_phnum; i++)
		if (segments[i].p_type == PT_LOAD && segments[i].p_offset == 0)
			bias = m->low - (segments[i].p_vaddr & ~(uint64_t)(PAGE - 1));
	for (unsigned i = 0; i < header.e_phnum; i++) {
		uint64_t low = bias + segments[i].p_vaddr, high = low + segments[i].p_memsz;
		if (segments[i].p_type == PT_LOAD && segments[i].p_flags & PF_W) {
			add_data(s, m->module, low & ~(uint64_t)(PAGE - 1), high);
			module->is_elf = true;
		}
		if (segments[i].p_type == PT_TLS && segments[i].p_memsz < (1u << 30))
			module->tls_bytes = segments[i].p_memsz + segments[i].p_align % PAGE;
	}
}

static int by_low(const void *a, const void *b)
{
	const struct module_data *x = a, *y = b;
	return (x->range.low > y->range.low) - (x->range.low < y->range.low);
}

void address_space_read(struct address_space *s, const struct scan_target *target,
			struct read_cache *cache)
{
	*s = (struct address_space){ .tls_bytes = TLS_SLACK };
	char *text = mem_strdup(target->maps), *next = text;
	for (char *line; (line = strsep(&next, "\n"));)
		add_mapping(s, target, line);
	free(text);
	for (size_t i = 0; i < s->mapping_count; i++)
		if (s->mappings[i].module != NO_MODULE)
			add_segments(s, &s->mappings[i], cache);
	for (size_t i = 0; i < s->module_count; i++)
		s->tls_bytes += s->modules[i].tls_bytes;
	if (s->data_count)
		qsort(s->data, s->data_count, sizeof(*s->data), by_low);
}

void address_space_release(struct address_space *s)
{
	for (size_t i = 0; i < s->module_count; i++)
		free(s->modules[i].path);
	free(s->modules);
	free(s->mappings);
	free(s->data);
	*s = (struct address_space){ 0 };
}

/* The first mapping that ends above the address. */
static size_t first_above(const struct address_space *s, uint64_t address)
{
	size_t low = 0, high = s->mapping_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->mappings[middle].high <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct mapping *address_space_find(const struct address_space *s, uint64_t address)
{
	size_t i = first_above(s, address);
	return i < s->mapping_count && s->mappings[i].low <= address ? &s->mappings[i] : NULL;
}

bool address_space_readable(const struct address_space *s, uint64_t at, uint64_t end,
			    struct scan_range *out)
{
	for (size_t i = first_above(s, at); at < end && i < s->mapping_count; i++) {
		const struct mapping *m = &s->mappings[i];
		if (m->low >= end)
			break;
		if (!m->readable || m->kind == MAPPED_DEVICE || m->kind == MAPPED_KERNEL)
			continue;
		out->low = m->low > at ? m->low : at;
		out->high = m->high < end ? m->high : end;
		return true;
	}
	return false;
}

/* family_version.c - see family_version.h. */
#include "elf/family_version.h"

#include <stdio.h>
#include <string.h>

enum { WAY_BYTES = 64 };

/* ---- what a function returns ---- */

/* x86-64: an optional endbr64, mov $number,%eax, ret. */
static bool constant_function(const struct elf_file *file, uint64_t address, uint32_t *value)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	enum { MOV_EAX = 0xb8, RET = 0xc3, MOV_BYTES = 5 };
	uint8_t code[sizeof(endbr64) + MOV_BYTES + 1];
	size_t got = elf_file_read_mapped(file, address, code, sizeof(code)), at = 0;
	if (got >= sizeof(endbr64) && memcmp(code, endbr64, sizeof(endbr64)) == 0)
		at = sizeof(endbr64);
	if (got < at + MOV_BYTES + 1 || code[at] != MOV_EAX || code[at + MOV_BYTES] != RET)
		return false;
	memcpy(value, code + at + 1, sizeof(*value));
	return true;
}

/* 209 is 2.0.9, and 30204 is 3.2.4: mimalloc has counted in both ways. */
static void from_function(const struct version_source *from, const char *prefix, const char *name,
			  char *out)
{
	const struct function *f = function_set_find(from->functions, prefix, name);
	uint32_t n;
	if (!f || !from->file || !constant_function(from->file, f->address, &n))
		return;
	unsigned step = n < 1000 ? 10 : 100;
	if (n >= 100 && n < 1000000)
		snprintf(out, FAMILY_VERSION_BYTES, "%u.%u.%u", n / step / step, n / step % step,
			 n % step);
}

/* ---- what is printed ---- */

static bool numbers_of(const struct version_source *from, const char *text, uint32_t *numbers,
		       size_t count)
{
	if (from->file)
		return passed_numbers_in_elf(from->file, text, numbers, count);
	return from->foreign && from->foreign->format == FOREIGN_PE &&
	       from->foreign->machine == EM_X86_64 &&
	       passed_numbers_find(&from->foreign->bytes, from->foreign->parts,
				   from->foreign->part_count, PASSED_BY_WINDOWS, text, numbers,
				   count);
}

static void from_code(const struct version_source *from, const char *text, char *out)
{
	enum { TOO_MUCH = 1000 };
	uint32_t n[PASSED_NUMBERS_MAX];
	if (numbers_of(from, text, n, PASSED_NUMBERS_MAX) && n[0] < TOO_MUCH && n[1] < TOO_MUCH &&
	    n[2] < TOO_MUCH)
		snprintf(out, FAMILY_VERSION_BYTES, "%u.%u.%u", n[0], n[1], n[2]);
}

/* ---- the ways ---- */

/* The next way of the list; false behind the last. */
static bool next_way(const char **how, char way[WAY_BYTES])
{
	size_t bytes = strcspn(*how, "|");
	snprintf(way, WAY_BYTES, "%.*s", (int)bytes, *how);
	*how += bytes + ((*how)[bytes] == '|');
	return way[0] != '\0';
}

void family_version_of_functions(const char *how, const char *prefix,
				 const struct version_source *from, char out[FAMILY_VERSION_BYTES])
{
	char way[WAY_BYTES];
	out[0] = '\0';
	while (!out[0] && next_way(&how, way))
		if (strncmp(way, "()", 2) == 0)
			from_function(from, prefix, way + 2, out);
}

static void from_strings(const struct version_source *from, const char *pattern, char *out)
{
	for (size_t i = 0; i < from->constants_count && !out[0]; i++)
		family_clues_version_in_string(&from->constants[i], pattern, out);
	/* Built from a source without its history: jemalloc then says 0.0.0. */
	if (strncmp(out, "0.0.0", 5) == 0)
		out[0] = '\0';
}

void family_version_of_file(const char *how, const struct version_source *from,
			    char out[FAMILY_VERSION_BYTES])
{
	char way[WAY_BYTES];
	out[0] = '\0';
	while (!out[0] && next_way(&how, way)) {
		const char *what = way;
		if (*what == '@' && !from->is_library)
			continue;
		what += *what == '@';
		if (*what == '^')
			from_strings(from, what + 1, out);
		else if (*what == '%')
			from_code(from, what + 1, out);
	}
}

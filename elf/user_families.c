/* user_families.c - see user_families.h. */
#include "elf/user_families.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "util/line.h"
#include "util/mem.h"
#include "wire/roles.h"

enum { FAMILIES_MAX = 64, FUNCTIONS_MAX = 256 };

/* letters: what the function's arguments are, in C's order; as in wire/functions.def. */
static const struct key {
	const char *word;
	uint8_t role;
	const char *letters;
} keys[] = {
	{ "alloc", ROLE_MALLOC, "s" },		 { "calloc", ROLE_CALLOC, "ns" },
	{ "realloc", ROLE_REALLOC, "ps" },	 { "reallocarray", ROLE_REALLOCARRAY, "pns" },
	{ "aligned", ROLE_ALIGNED_ALLOC, "as" }, { "free", ROLE_FREE, "p" },
	{ "free_sized", ROLE_FREE_SIZED, "ps" }, { "usable", ROLE_USABLE_SIZE, "p" },
};

void user_families_release(struct user_families *families)
{
	for (size_t i = 0; i < families->count; i++) {
		struct user_family *f = &families->items[i];
		for (size_t k = 0; k < f->count; k++)
			free(f->functions[k].name);
		free(f->functions);
		free(f->name);
	}
	free(families->items);
	*families = (struct user_families)USER_FAMILIES_INIT;
}

/* ---- reading ---- */

static const struct key *find_key(const char *word)
{
	for (size_t i = 0; i < AT_COUNT_OF(keys); i++)
		if (strcmp(keys[i].word, word) == 0)
			return &keys[i];
	return NULL;
}

/* The positions behind a function's name, "2/3", in `positions`; each is a digit. */
static int read_positions(struct user_function *f, const struct key *key, const char *positions,
			  struct err *err)
{
	static const char *const examples[] = { "/1", "/1/2", "/1/2/3" };
	size_t wanted = strlen(key->letters), last = 0;
	memset(f->arguments, '\0', sizeof(f->arguments));
	for (size_t i = 0; i < wanted; i++) {
		bool whole = strlen(positions) == 2 * wanted - 1;
		const char *at = whole ? positions + 2 * i : "-";
		size_t place = (size_t)(at[0] - '0');
		if (at[0] < '0' || place > USER_ARGUMENTS_MAX || (i + 1 < wanted && at[1] != '/'))
			return err_set(
				err, "%s=%s/%s: needs %zu position%s from 1 to %d, as in %s=%s%s",
				key->word, f->name, positions, wanted, wanted > 1 ? "s" : "",
				USER_ARGUMENTS_MAX, key->word, f->name, examples[wanted - 1]);
		if (place == 0 && key->letters[i] == 'p')
			return err_set(err, "%s=%s/%s: it must get the block", key->word, f->name,
				       positions);
		if (place && f->arguments[place - 1])
			return err_set(err, "%s=%s/%s: argument %zu is two things", key->word,
				       f->name, positions, place);
		if (place)
			f->arguments[place - 1] = key->letters[i];
		last = place > last ? place : last;
	}
	for (size_t i = 0; i < last; i++)
		if (!f->arguments[i])
			f->arguments[i] = '-';
	return 0;
}

static bool has_function(const struct user_families *families, const char *name)
{
	for (size_t i = 0; i < families->count; i++)
		for (size_t k = 0; k < families->items[i].count; k++)
			if (strcmp(families->items[i].functions[k].name, name) == 0)
				return true;
	return false;
}

/* "alloc=f/2", which is changed. */
static int take_function(struct user_families *families, struct user_family *family, char *item,
			 struct err *err)
{
	struct user_function f = { .found = false };
	char *function = strchr(item, '=');
	if (!function || function == item)
		return err_set(err, "'%s' is not KEY=FUNCTION", item);
	*function++ = '\0';
	const struct key *key = find_key(item);
	if (!key)
		return err_set(
			err,
			"'%s' is not one of alloc, calloc, realloc, reallocarray, aligned, free, "
			"free_sized, usable",
			item);
	char *positions = strchr(function, '/');
	if (positions)
		*positions++ = '\0';
	size_t bytes = strlen(function);
	if (bytes == 0 || bytes > FUNCTION_NAME_MAX || strpbrk(function, " \t=:"))
		return err_set(err, "%s=%s: the name of a function has 1 to %d bytes and no blanks",
			       item, function, FUNCTION_NAME_MAX);
	if (has_function(families, function))
		return err_set(err, "%s is given twice", function);
	if (family->count == FUNCTIONS_MAX)
		return err_set(err, "more than %d functions", FUNCTIONS_MAX);
	f.name = function;
	f.role = key->role;
	snprintf(f.arguments, sizeof(f.arguments), "%s", key->letters);
	if (positions && read_positions(&f, key, positions, err) < 0)
		return -1;
	f.name = mem_strdup(function);
	family->functions = mem_grow(family->functions, &family->cap, family->count + 1,
				     sizeof(*family->functions));
	family->functions[family->count++] = f;
	return 0;
}

static int check_name(const char *name, struct err *err)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";
	size_t bytes = strlen(name);
	if (bytes > 0 && bytes <= USER_FAMILY_NAME_MAX && name[strspn(name, plain)] == '\0')
		return 0;
	return err_set(err, "'%s': the name of a family has 1 to %d letters, digits and _.+-", name,
		       USER_FAMILY_NAME_MAX);
}

/* The family of that name, made if there is none. NULL: there are too many. */
static struct user_family *get_family(struct user_families *families, const char *name)
{
	for (size_t i = 0; i < families->count; i++)
		if (strcmp(families->items[i].name, name) == 0)
			return &families->items[i];
	if (families->count == FAMILIES_MAX)
		return NULL;
	families->items = mem_grow(families->items, &families->cap, families->count + 1,
				   sizeof(*families->items));
	struct user_family *fresh = &families->items[families->count++];
	*fresh = (struct user_family){ .name = mem_strdup(name) };
	return fresh;
}

static int add(struct user_families *families, char *text, struct err *err)
{
	char *rest = strchr(text, ':'), *item;
	if (!rest)
		return err_set(err, "'%s' is not NAME:alloc=FUNCTION,free=FUNCTION", text);
	*rest++ = '\0';
	if (check_name(text, err) < 0)
		return -1;
	struct user_family *family = get_family(families, text);
	if (!family)
		return err_set(err, "more than %d families", FAMILIES_MAX);
	while ((item = strsep(&rest, ",")))
		if (take_function(families, family, item, err) < 0)
			return err_prefix(err, family->name);
	return 0;
}

int user_families_add(struct user_families *families, const char *text, struct err *err)
{
	char *copy = mem_strdup(text);
	int result = add(families, copy, err);
	free(copy);
	return result;
}

int user_families_load(struct user_families *families, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0, number = 0;
	int result = 0;
	if (!file)
		return err_set_errno(err, "%s", path);
	ssize_t bytes;
	while (result == 0 && (bytes = line_read(&line, &room, file)) != 0) {
		if (bytes < 0) {
			result = err_set_errno(err, "%s", path);
			break;
		}
		const char *text = line + strspn(line, " \t");
		number++;
		line[strcspn(line, "\r\n")] = '\0';
		if (!*text || *text == '#')
			continue;
		if (user_families_add(families, text, err) < 0) {
			char *where = mem_printf("%s:%zu", path, number);
			err_prefix(err, where);
			free(where);
			result = -2;
		}
	}
	free(line);
	fclose(file);
	return result;
}

/* ---- looking for them ---- */

static void take_found(struct allocator *a, const struct function *f)
{
	a->functions = mem_grow(a->functions, &a->function_cap, a->function_count + 1,
				sizeof(*a->functions));
	a->functions[a->function_count++] = (struct allocator_function){
		.name = mem_strndup(f->name, f->name_bytes),
		.address = f->address,
		.flags = f->exported ? ALLOCATOR_FUNCTION_EXPORTED : 0,
	};
	if (f->exported)
		a->linkage = ALLOCATOR_EXPORTED;
}

/* They are hooked as that already: hooked twice, libc's own releases would look like the program's. */
static bool is_of_libc(const struct allocators *found, const char *function)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct allocator *a = &found->items[i];
		if (a->family != FAMILY_GLIBC && a->family != FAMILY_MUSL)
			continue;
		for (size_t k = 0; k < a->function_count; k++)
			if (strcmp(a->functions[k].name, function) == 0)
				return true;
	}
	return false;
}

static void find_family(struct user_family *family, const struct function_set *functions,
			struct allocators *out)
{
	struct allocator a = { .family = FAMILY_USER,
			       .name = family->name,
			       .linkage = ALLOCATOR_HIDDEN };
	for (size_t i = 0; i < family->count; i++) {
		const struct function *f =
			function_set_find(functions, "", family->functions[i].name);
		if (!f || is_of_libc(out, family->functions[i].name))
			continue;
		family->functions[i].found = true;
		take_found(&a, f);
	}
	if (!a.function_count)
		return;
	a.prefix = mem_strdup("");
	out->items = mem_grow(out->items, &out->cap, out->count + 1, sizeof(*out->items));
	out->items[out->count++] = a;
}

void user_families_find(struct user_families *families, const struct function_set *functions,
			struct allocators *out)
{
	for (size_t i = 0; i < families->count; i++)
		find_family(&families->items[i], functions, out);
}

const struct user_function *user_families_function(const struct user_families *families,
						   const char *family, const char *function)
{
	for (size_t i = 0; i < families->count; i++) {
		const struct user_family *f = &families->items[i];
		for (size_t k = 0; strcmp(f->name, family) == 0 && k < f->count; k++)
			if (strcmp(f->functions[k].name, function) == 0)
				return &f->functions[k];
	}
	return NULL;
}

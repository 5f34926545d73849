/* allocators-of.c - prints the allocators in each file of its arguments, for tests/families.tap: a
 * line with path, family, version, linkage, prefix, what malloc is (exported, own or "-") and the
 * functions. "-d FILE": a file with symbols for the file that comes next. "-t": how long it took,
 * to stderr. */
#include <stdio.h>
#include <string.h>

#include "elf/allocators.h"
#include "tests/elf/milliseconds.h"

static const char *const linkages[] = { "shared", "exported", "hidden", "stripped" };

static void print(const char *path, const struct allocator *a)
{
	const char *plain = "-";
	for (size_t i = 0; i < a->function_count; i++)
		if (a->functions[i].flags & ALLOCATOR_FUNCTION_PLAIN &&
		    strcmp(a->functions[i].name, "malloc") == 0)
			plain = a->functions[i].flags & ALLOCATOR_FUNCTION_EXPORTED ? "exported"
										    : "own";
	printf("%s\t%s\t%s\t%s\t%s\t%s\t", path, a->name, a->version, linkages[a->linkage],
	       a->prefix, plain);
	for (size_t i = 0; i < a->function_count; i++)
		printf("%s%s=%llx", i ? " " : "", a->functions[i].name,
		       (unsigned long long)a->functions[i].address);
	printf("\n");
}

static void look_at(struct allocator_finder *finder, const char *path, const char *symbols_path)
{
	struct elf_file file, symbols;
	struct allocators found;
	struct err err = { "" };
	if (elf_file_open(&file, path, &err) < 0) {
		printf("%s\terror: %s\n", path, err.text);
		return;
	}
	allocators_find(finder, &file, path, &found);
	if (symbols_path && elf_file_open(&symbols, symbols_path, &err) == 0) {
		allocators_add_symbols(&found, &file, &symbols, ALLOCATOR_SYMBOLS_BY_ID);
		elf_file_close(&symbols);
	}
	for (size_t i = 0; i < found.count; i++)
		print(path, &found.items[i]);
	allocators_release(&found);
	elf_file_close(&file);
}

int main(int argc, char **argv)
{
	struct allocator_finder *finder = allocator_finder_new();
	const char *symbols = NULL;
	bool timed = false;
	for (int i = 1; i < argc; i++) {
		double start = milliseconds();
		if (strcmp(argv[i], "-d") == 0 && i + 1 < argc) {
			symbols = argv[++i];
		} else if (strcmp(argv[i], "-t") == 0) {
			timed = true;
		} else {
			look_at(finder, argv[i], symbols);
			symbols = NULL;
			if (timed)
				fprintf(stderr, "%s\t%.2f ms\n", argv[i], milliseconds() - start);
		}
	}
	allocator_finder_free(finder);
	return 0;
}

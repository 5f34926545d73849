/* plans-of.c - plans an inline hook of every function in each file of its arguments, for
 * tests/plans.tap. A line with path, number of functions and, for each reason, word=count; then one
 * for each function of an allocator: path, family, name, word, bytes that are overwritten,
 * bytes that move, and "keeps registers" if it may. "-v": a line for each function with its address
 * instead. "-s": and what the moved instructions become, were the code of the plans at SLOTS and
 * behind: address of the first, bytes that move, address and bytes of the code. "-a": only the
 * allocators' functions. "-d FILE": a file with symbols for the file that comes next. "-t": how
 * long it took, to stderr. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "elf/allocators.h"
#include "elf/hook_plan.h"
#include "tests/elf/milliseconds.h"

static bool verbose, slots, allocators_only;

#define SLOTS UINT64_C(0x40000000)

static void print_plan(const char *path, const char *family, const char *name,
		       const struct hook_plan *plan)
{
	printf("%s\t%s\t%s\t%s\t%u\t%u%s\n", path, family, name, plan_reason_word(plan->reason),
	       plan->patch_bytes, plan->displaced_bytes,
	       plan->flags & PLAN_KEEPS_REGISTERS ? "\tkeeps registers" : "");
}

static void print_slot(const struct hook_plan *plan, uint64_t at)
{
	uint8_t code[PLAN_CODE_MAX];
	if (plan->reason != PLAN_NONE || !plan_write_code(plan, 0, at, code))
		return;
	printf("slot\t%" PRIx64 "\t%u\t%" PRIx64 "\t", plan->patch, plan->displaced_bytes, at);
	for (unsigned i = 0; i < plan->code_bytes; i++)
		printf("%02x", code[i]);
	printf("\n");
}

static void plan_all(struct hook_planner *planner, const char *path)
{
	unsigned counts[PLAN_REASONS] = { 0 }, functions = 0, pads = 0, stubs = 0, returns = 0;
	struct hook_plan plan;
	for (uint64_t at = 0; hook_planner_next(planner, at, &at); at++) {
		char text[32];
		counts[hook_plan_make(planner, at, &plan)]++;
		functions++;
		pads += plan.flags & PLAN_HAS_PAD ? 1 : 0;
		stubs += plan.flags & PLAN_IS_STUB ? 1 : 0;
		returns += plan.flags & PLAN_PUSHES_RETURN ? 1 : 0;
		snprintf(text, sizeof(text), "%" PRIx64, at);
		if (verbose)
			print_plan(path, "-", text, &plan);
		if (slots)
			print_slot(&plan, SLOTS + (uint64_t)functions * PLAN_CODE_MAX);
		if (at == UINT64_MAX)
			break;
	}
	printf("%s\t%u", path, functions);
	for (unsigned i = 0; i < PLAN_REASONS; i++)
		if (counts[i])
			printf(" %s=%u", plan_reason_word(i), counts[i]);
	printf(" pad=%u stub=%u pushes-return=%u\n", pads, stubs, returns);
}

static void plan_allocators(struct hook_planner *planner, struct allocator_finder *finder,
			    const struct elf_file *file, const struct elf_file *symbols,
			    const char *path)
{
	struct allocators found;
	struct hook_plan plan;
	allocators_find(finder, file, path, &found);
	if (symbols->elf)
		allocators_add_symbols(&found, file, symbols, ALLOCATOR_SYMBOLS_BY_ID);
	for (size_t i = 0; i < found.count; i++) {
		for (size_t k = 0; k < found.items[i].function_count; k++) {
			const struct allocator_function *f = &found.items[i].functions[k];
			hook_plan_make(planner, f->address, &plan);
			print_plan(path, found.items[i].name, f->name, &plan);
		}
	}
	allocators_release(&found);
}

static void look_at(struct allocator_finder *finder, const char *path, const char *symbols_path)
{
	struct elf_file file, symbols = ELF_FILE_INIT;
	struct err err = { "" };
	if (elf_file_open(&file, path, &err) < 0) {
		printf("%s\terror: %s\n", path, err.text);
		return;
	}
	struct hook_planner *planner = hook_planner_new(&file);
	if (symbols_path && elf_file_open(&symbols, symbols_path, &err) == 0)
		hook_planner_add_symbols(planner, &symbols);
	if (!allocators_only)
		plan_all(planner, path);
	plan_allocators(planner, finder, &file, &symbols, path);
	hook_planner_free(planner);
	elf_file_close(&symbols);
	elf_file_close(&file);
}

int main(int argc, char **argv)
{
	struct allocator_finder *finder = allocator_finder_new();
	const char *symbols = NULL;
	bool timed = false;
	for (int i = 1; i < argc; i++) {
		double start = milliseconds();
		if (strcmp(argv[i], "-t") == 0) {
			timed = true;
		} else if (strcmp(argv[i], "-v") == 0) {
			verbose = true;
		} else if (strcmp(argv[i], "-a") == 0) {
			allocators_only = true;
		} else if (strcmp(argv[i], "-s") == 0) {
			slots = true;
		} else if (strcmp(argv[i], "-d") == 0 && i + 1 < argc) {
			symbols = argv[++i];
		} else {
			look_at(finder, argv[i], symbols);
			symbols = NULL;
			if (timed)
				fprintf(stderr, "%s: %.1f ms\n", argv[i], milliseconds() - start);
		}
	}
	allocator_finder_free(finder);
	return 0;
}

/* linked-of.c - tells what a process is linked with, for tests/link-process.tap.
 *
 *	linked-of PID
 *	linked-of main|dlopen|exit PROGRAM [ARGUMENT]...
 *
 * In the second form the program is run up to there, and a line "look WHEN" comes first. A line for
 *each module: "module INDEX SPACE FLAGS BIAS PATH", and its note or problem on the next one; then
 *for each place that an allocation symbol is bound by: "import MODULE call|address SYMBOL
 * FOUND-MODULE|- REASON unread|lazy|bound VALUE VALUE-MODULE|- same|differs". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <string.h>

#include "link/link_process.h"
#include "link/link_run.h"

static void tell_module(const struct linked *l, size_t i)
{
	const struct linked_module *m = &l->modules[i];
	printf("module %zu %" PRIu32 " %" PRIu32 " %" PRIx64 " %s\n", i, m->space, m->flags,
	       m->bias, m->path);
	if (m->note)
		printf("note %zu %s\n", i, m->note);
	if (m->problem)
		printf("problem %zu %s\n", i, m->problem);
}

static void tell_index(size_t index)
{
	if (index == SIZE_MAX)
		printf(" -");
	else
		printf(" %zu", index);
}

static void tell_import(const struct linked_module *m, size_t i, const struct linked_import *import)
{
	static const char *const slots[] = { "unread", "lazy", "bound" };
	printf("import %zu %s %s", i, import->for_call ? "call" : "address",
	       m->file.symbols[import->symbol].name);
	tell_index(import->binding.reason == BINDING_NOT_FOUND ? SIZE_MAX : import->binding.module);
	printf(" %d %s %" PRIx64, (int)import->binding.reason, slots[import->slot], import->value);
	tell_index(import->slot == LINKED_SLOT_BOUND ? import->value_module : SIZE_MAX);
	printf(" %s\n", import->differs ? "differs" : "same");
}

static int tell(pid_t pid, struct err *err)
{
	struct linked linked;
	struct allocator_finder *finder = allocator_finder_new();
	int code = linked_from_process(&linked, pid, finder, err);
	allocator_finder_free(finder);
	if (code < 0)
		return -1;
	if (linked.is_in_flux)
		printf("in flux\n");
	for (size_t i = 0; i < linked.count; i++) {
		const struct linked_module *m = &linked.modules[i];
		tell_module(&linked, i);
		for (size_t k = 0; k < m->import_count; k++)
			tell_import(m, i, &m->imports[k]);
	}
	linked_release(&linked);
	return 0;
}

static int look(void *context, pid_t pid, const char *when, struct err *err)
{
	(void)context;
	printf("look %s\n", when);
	int code = tell(pid, err);
	fflush(stdout);
	return code;
}

int main(int argc, char **argv)
{
	struct err err;
	int exec_errno, code;
	if (argc < 2)
		return 2;
	if (argc == 2)
		code = tell((pid_t)atoi(argv[1]), &err);
	else
		code = link_run(argv + 2,
				strcmp(argv[1], "exit") == 0	 ? LINK_RUN_EXIT
				: strcmp(argv[1], "dlopen") == 0 ? LINK_RUN_DLOPEN
								 : LINK_RUN_MAIN,
				look, NULL, &exec_errno, &err);
	if (code < 0)
		fprintf(stderr, "%s\n", err.text);
	return code < 0 ? 2 : 0;
}

/* bindings-of.c - tells what allocation symbols are bound to, for tests/bindings.tap.
 *
 *	bindings-of FILE			what the file says of itself
 *	bindings-of -s [MODULE]...		who is bound to whom, in a process with these
 *modules bindings-of -c FILE ADDRESS...		whom the calls before these addresses call
 *
 * MODULE: SPACE:FLAGS:PATH, FLAGS as numbers of enum binding_module_flag. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/binding_search.h"
#include "elf/call_site.h"
#include "util/mem.h"

static bool read_file(struct bindings *b, const char *path)
{
	struct elf_file file;
	struct err err;
	if (elf_file_open(&file, path, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return false;
	}
	bindings_read(b, &file);
	elf_file_close(&file);
	return true;
}

static int tell_file(const char *path)
{
	struct bindings b;
	if (!read_file(&b, path))
		return 1;
	printf("soname %s flags %" PRIu32 " runpath %s\n", b.soname ? b.soname : "-", b.flags,
	       b.runpath ? b.runpath : "-");
	for (size_t i = 0; i < b.needed_count; i++)
		printf("needed %s\n", b.needed[i]);
	for (size_t i = 0; i < b.symbol_count; i++)
		printf("symbol %s %s %x\n", b.symbols[i].name,
		       b.symbols[i].version ? b.symbols[i].version : "-", b.symbols[i].flags);
	bindings_release(&b);
	return 0;
}

static void tell_binding(const struct binding_process *p, size_t module,
			 const struct binding_symbol *s, bool for_call)
{
	struct binding b = binding_search(p, module, s->name, for_call);
	printf("%zu %s %s %s ", module, for_call ? "call" : "address", s->name,
	       s->version ? s->version : "-");
	if (b.reason == BINDING_NOT_FOUND)
		printf("-\n");
	else
		printf("%zu %d\n", b.module, (int)b.reason);
}

static int tell_process(int count, char **modules)
{
	struct binding_module *list = mem_zalloc((size_t)count + 1, sizeof(*list));
	struct bindings *files = mem_zalloc((size_t)count + 1, sizeof(*files));
	struct binding_process p = { list, (size_t)count };
	for (int i = 0; i < count; i++) {
		int at = 0;
		if (sscanf(modules[i], "%" SCNu32 ":%" SCNu32 ":%n", &list[i].space, &list[i].flags,
			   &at) != 2)
			return 2;
		list[i].path = modules[i] + at;
		list[i].file = read_file(&files[i], list[i].path) ? &files[i] : NULL;
	}
	for (size_t i = 0; i < p.count; i++)
		for (size_t k = 0; list[i].file && k < files[i].symbol_count; k++) {
			const struct binding_symbol *s = &files[i].symbols[k];
			if (s->flags & BINDING_CALLED)
				tell_binding(&p, i, s, true);
			if (s->flags & BINDING_ADDRESSED)
				tell_binding(&p, i, s, false);
		}
	for (size_t i = 0; i < p.count; i++)
		bindings_release(&files[i]);
	free(list);
	free(files);
	return 0;
}

static int tell_calls(const char *path, int count, char **addresses)
{
	static const char *const kinds[] = { "unknown", "symbol", "own", "pointer" };
	struct elf_file file;
	struct err err;
	if (elf_file_open(&file, path, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		struct call_site site;
		call_site_read(&site, &file, strtoull(addresses[i], NULL, 16));
		printf("%s %s %s 0x%" PRIx64 "\n", addresses[i], kinds[site.kind],
		       *site.symbol ? site.symbol : "-", site.target);
	}
	elf_file_close(&file);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "-s") == 0)
		return tell_process(argc - 2, argv + 2);
	if (argc > 3 && strcmp(argv[1], "-c") == 0)
		return tell_calls(argv[2], argc - 3, argv + 3);
	return argc == 2 ? tell_file(argv[1]) : 2;
}

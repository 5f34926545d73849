/* resolve.c - prints what the symbolizer knows about addresses, for the tests.
 *
 * usage: resolve [--root=DIR] [--build-id=HEX] [--anonymous=PID] MODULE
 *
 * Reads hexadecimal addresses from the standard input. For each it prints "@ADDRESS" and then, for
 * every frame, "FUNCTION<tab>FILE<tab>LINE<tab>I" (I: "inlined" or "-"; "?" for what is not known),
 * at the end "problem<tab>TEXT" if there is one. The build-id is that of the file unless one is
 * given. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elf_file.h"
#include "symbol/symbol.h"

static void read_build_id(const char *path, struct elf_build_id *id)
{
	struct elf_file file;
	if (elf_file_open(&file, path, NULL) < 0)
		return;
	elf_build_id_read(file.elf, id);
	elf_file_close(&file);
}

static void parse_build_id(const char *hex, struct elf_build_id *id)
{
	unsigned byte;
	for (id->count = 0; id->count < ELF_BUILD_ID_MAX && sscanf(hex, "%2x", &byte) == 1;
	     hex += 2)
		id->bytes[id->count++] = (uint8_t)byte;
}

static void print_frames(const struct trace_symbol *symbols, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("%s\t%s\t%u\t%s\n", symbols[i].function ? symbols[i].function : "?",
		       symbols[i].file ? symbols[i].file : "?", symbols[i].line,
		       symbols[i].inlined ? "inlined" : "-");
}

int main(int argc, char **argv)
{
	struct symbolizer *s = symbolizer_new();
	struct elf_build_id id = { .count = 0 };
	struct trace_module module = { .path = argc > 1 ? argv[argc - 1] : "" };
	unsigned pid = 0;
	read_build_id(module.path, &id);
	for (int i = 1; i + 1 < argc; i++) {
		if (strncmp(argv[i], "--root=", 7) == 0)
			symbolizer_add_debug_root(s, argv[i] + 7);
		if (strncmp(argv[i], "--build-id=", 11) == 0)
			parse_build_id(argv[i] + 11, &id);
		if (strncmp(argv[i], "--anonymous=", 12) == 0) {
			pid = (unsigned)strtoul(argv[i] + 12, NULL, 10);
			module.anonymous_process_plus_1 = 1;
		}
	}
	module.build_id = id.bytes;
	module.build_id_bytes = id.count;
	uint64_t address;
	while (scanf("%" SCNx64, &address) == 1) {
		const struct trace_symbol *symbols;
		size_t count = symbolizer_resolve(s, &module, pid, address, &symbols);
		printf("@%" PRIx64 "\n", address);
		print_frames(symbols, count);
		fflush(stdout);
	}
	const char *problem = symbolizer_problem(s, &module);
	if (problem)
		printf("problem\t%s\n", problem);
	symbolizer_free(s);
	return 0;
}

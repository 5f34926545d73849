/* symbolise.c - how fast addresses become symbols.
 *
 * usage: symbolise FILE...   For each ELF file: COUNT addresses spread over its executable
 * segments, in random order, resolved once (everything is read and built in it) and again (answered
 * from the cache). */
#include <gelf.h>
#include <stdio.h>
#include <time.h>

#include "elf/elf_file.h"
#include "symbol/symbol.h"

enum { COUNT = 100000 };

struct code {
	uint64_t low, high;
};

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The largest executable segment. */
static struct code find_code(Elf *elf)
{
	struct code found = { 0, 0 };
	size_t count = 0;
	elf_getphdrnum(elf, &count);
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr phdr;
		if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_LOAD &&
		    (phdr.p_flags & PF_X) && phdr.p_filesz > found.high - found.low)
			found = (struct code){ phdr.p_vaddr, phdr.p_vaddr + phdr.p_filesz };
	}
	return found;
}

static void measure(struct symbolizer *s, const struct trace_module *module, struct code code)
{
	static uint64_t offsets[COUNT];
	uint64_t random = 88172645463325252u, known = 0, frames = 0;
	for (size_t i = 0; i < COUNT; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		offsets[i] = code.low + random % (code.high - code.low);
	}
	double seconds[3];
	for (int round = 0; round < 3; round++) {
		/* Round 0 opens the module: one address only. */
		size_t count = round == 0 ? 1 : COUNT;
		double start = now_s();
		for (size_t i = 0; i < count; i++) {
			const struct trace_symbol *symbols;
			size_t got = symbolizer_resolve(s, module, 0, offsets[i], &symbols);
			known += got > 0;
			frames += got;
		}
		seconds[round] = now_s() - start;
	}
	printf("%s: open %.1f ms, %d addresses %.1f ms (%.0f/s), cached %.0f ns each; "
	       "%.1f%% known, %.2f frames each\n",
	       module->path, seconds[0] * 1e3, COUNT, seconds[1] * 1e3, COUNT / seconds[1],
	       seconds[2] * 1e9 / COUNT, 100.0 * (double)known / (2 * COUNT + 1),
	       known ? (double)frames / (double)known : 0.0);
	const char *problem = symbolizer_problem(s, module);
	if (problem)
		printf("  problem: %s\n", problem);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct elf_file file;
		struct elf_build_id id;
		struct err err;
		if (elf_file_open(&file, argv[i], &err) < 0) {
			fprintf(stderr, "symbolise: %s\n", err.text);
			return 2;
		}
		elf_build_id_read(file.elf, &id);
		struct code code = find_code(file.elf);
		struct trace_module module = { .path = argv[i],
					       .build_id = id.bytes,
					       .build_id_bytes = id.count };
		struct symbolizer *s = symbolizer_new();
		if (code.high > code.low)
			measure(s, &module, code);
		symbolizer_free(s);
		elf_file_close(&file);
	}
	return 0;
}

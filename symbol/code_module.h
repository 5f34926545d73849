/* code_module.h - everything known about the code of one module, opened when first asked for.
 *
 * Puts the sources in order: DWARF, then symbol tables; the JIT's map for code without a file. */
#ifndef ALLOCTRACE_SYMBOL_CODE_MODULE_H
#define ALLOCTRACE_SYMBOL_CODE_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "symbol/dwarf_index.h"
#include "symbol/module_files.h"
#include "symbol/names.h"
#include "symbol/perf_map.h"
#include "symbol/symbol_table.h"
#include "trace/trace.h"

struct code_range {
	uint64_t low, high;
};

struct code_module {
	struct module_files files;
	struct dwarf_index dwarf;
	struct symbol_table symbols;
	struct symbol_table variables; /* when first asked for */
	bool has_variables;
	struct perf_map jit;
	struct code_range *code; /* executable segments */
	size_t code_count, code_cap;
	char *problem; /* NULL, or why it is not used as it should be */
};

/* pid is used when the module is code without a file. */
void code_module_open(struct code_module *m, const struct trace_module *module, uint32_t pid,
		      const struct debug_roots *roots);
void code_module_close(struct code_module *m);
/* Writes the frames at the offset, innermost first, at most max of them; returns how many. Strings
 * are the names' pool's. */
size_t code_module_frames(struct code_module *m, struct names *names, uint64_t offset,
			  struct trace_symbol *out, size_t max);

/* The variable that the address lies in, and where it starts; NULL: not known. */
const char *code_module_variable(struct code_module *m, struct names *names, uint64_t address,
				 uint64_t *start);

#endif

/* symbol.h - from a code address to functions, files and lines.
 *
 * Given (module path, build-id, offset) finds the function by, in this order: DWARF of the file
 * or of its separate debug file (build-id, .gnu_debuglink, debuginfod when configured), with
 * inlined frames; the symbol table, also of .gnu_debugdata (MiniDebugInfo); /tmp/perf-PID.map for
 * JIT code. Names are demangled (C++, Rust). The tool's job only; files may be hostile. */
#ifndef ALLOCTRACE_SYMBOL_SYMBOL_H
#define ALLOCTRACE_SYMBOL_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"
#include "util/err.h"

struct symbolizer;

/* Environment: DEBUGINFOD_URLS as elfutils reads it. */
struct symbolizer *symbolizer_new(void);
void symbolizer_free(struct symbolizer *s);

/* One more directory, after /usr/lib/debug, with separate debug files and .build-id/ below it. Call
 * it before the first question. */
void symbolizer_add_debug_root(struct symbolizer *s, const char *path);

/* Resolves `offset` (as struct session_node says: an address inside the calling instruction) in
 * the module. pid is used for /tmp/perf-PID.map when the module is anonymous. Returns the number
 * of symbols, innermost first, at *out, owned by the symbolizer and valid until it is freed; 0
 * when nothing is known. The same question is answered from a cache. */
size_t symbolizer_resolve(struct symbolizer *s, const struct trace_module *module, uint32_t pid,
			  uint64_t offset, const struct trace_symbol **out);

/* The variable that a virtual address in the module's file lies in, and the first address of that;
 * NULL: not known. Owned as above. Not thread-local ones. */
const char *symbolizer_variable(struct symbolizer *s, const struct trace_module *module,
				uint64_t address, uint64_t *start);

/* NULL, or why a module could not be used as it should ("build-id differs: the file has been
 * rebuilt since the trace"); for a note in the report. */
const char *symbolizer_problem(struct symbolizer *s, const struct trace_module *module);

#endif

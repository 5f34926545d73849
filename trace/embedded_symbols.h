/* embedded_symbols.h - the symbols that a trace carries, by (module, offset). */
#ifndef ALLOCTRACE_TRACE_EMBEDDED_SYMBOLS_H
#define ALLOCTRACE_TRACE_EMBEDDED_SYMBOLS_H

#include "trace/cursor.h"
#include "trace/format.h"

struct symbol_place {
	uint64_t offset;
	uint32_t module;
	uint32_t used;
	uint32_t first; /* in symbols */
	uint32_t count;
};

struct embedded_symbols {
	struct symbol_place *places; /* open addressing, at most half full */
	size_t place_size;	     /* a power of two, or 0 */
	size_t place_count;
	struct trace_symbol *symbols;
	size_t symbol_count;
	size_t symbol_cap;
};

void embedded_symbols_release(struct embedded_symbols *t);
/* Adds those of one chunk, whose payload must stay: strings point into it. Of a pair that is
 * there already the first one holds. Returns NULL or what is wrong. */
const char *embedded_symbols_read(struct embedded_symbols *t, struct cursor in, uint32_t count,
				  size_t module_count);
const struct trace_symbol *embedded_symbols_find(const struct embedded_symbols *t, uint32_t module,
						 uint64_t offset, size_t *count);

#endif

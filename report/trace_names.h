/* trace_names.h - an open trace whose tables are loaded, and the names of its code addresses. */
#ifndef ALLOCTRACE_REPORT_TRACE_NAMES_H
#define ALLOCTRACE_REPORT_TRACE_NAMES_H

#include "analysis/frames.h"
#include "symbol/symbol.h"
#include "util/err.h"
#include "util/strbuf.h"

struct suppressions;

struct trace_names {
	struct trace_reader *reader;
	struct symbolizer *symbolizer; /* NULL while the trace's own symbols are enough */
	struct frames *frames;
	bool *module_has_symbols;  /* in the trace; NULL: not yet asked */
	bool *module_was_searched; /* by the symbolizer; as above */
	struct suppressions *of_program;   /* that the traced programs gave: of leaks */
	struct suppressions *suppressions; /* of wrong frees; the user's of this, may be NULL */
};

struct trace_names *trace_names_open(const char *path, struct err *err) AT_MUST_CHECK;
void trace_names_close(struct trace_names *n);

/* Adds "name" or "name+0x10": the variable that an address in a module's file lies in, by the
 * trace's own symbols or those of the file on this machine; false: not known. Not escaped. */
bool trace_names_add_variable(struct strbuf *out, struct trace_names *n, uint32_t module,
			      uint64_t address);

#endif

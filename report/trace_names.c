/* trace_names.c - see trace_names.h. */
#include "report/trace_names.h"

#include <inttypes.h>
#include <stdlib.h>

#include "report/suppressions.h"
#include "util/mem.h"

/* One look through all nodes, the first time that an address has no symbol in the trace. */
static void find_modules_with_symbols(struct trace_names *n)
{
	size_t modules = trace_reader_module_count(n->reader);
	size_t nodes = trace_reader_node_count(n->reader), count;
	n->module_has_symbols = mem_zalloc(modules + 1, sizeof(bool));
	n->module_was_searched = mem_zalloc(modules + 1, sizeof(bool));
	for (uint32_t i = 0; i < nodes; i++) {
		const struct trace_node *node = trace_reader_node(n->reader, i);
		if (node->module < modules && !n->module_has_symbols[node->module] &&
		    trace_reader_symbols(n->reader, node->module, node->offset, &count))
			n->module_has_symbols[node->module] = true;
	}
}

/* The trace's own symbols; for a module that has none there, those of the files on this machine. */
static size_t symbols_of(void *ctx, uint32_t module, uint64_t offset,
			 const struct trace_symbol **symbols)
{
	struct trace_names *n = ctx;
	size_t count = 0;
	*symbols = trace_reader_symbols(n->reader, module, offset, &count);
	if (*symbols)
		return count;
	if (module >= trace_reader_module_count(n->reader))
		return 0;
	if (!n->module_has_symbols)
		find_modules_with_symbols(n);
	if (n->module_has_symbols[module])
		return 0;
	if (!n->symbolizer)
		n->symbolizer = symbolizer_new();
	n->module_was_searched[module] = true;
	const struct trace_module *m = trace_reader_module(n->reader, module);
	uint32_t pid = 0;
	if (m->anonymous_process_plus_1)
		pid = trace_reader_process(n->reader, m->anonymous_process_plus_1 - 1)->pid;
	return symbolizer_resolve(n->symbolizer, m, pid, offset, symbols);
}

bool trace_names_add_variable(struct strbuf *out, struct trace_names *n, uint32_t module,
			      uint64_t address)
{
	size_t count = 0;
	uint64_t start = address;
	const struct trace_symbol *symbols =
		trace_reader_symbols(n->reader, module, address, &count);
	if (symbols && count && symbols[0].function) {
		strbuf_adds(out, symbols[0].function);
		return true;
	}
	if (module >= trace_reader_module_count(n->reader))
		return false;
	if (!n->symbolizer)
		n->symbolizer = symbolizer_new();
	const char *name = symbolizer_variable(
		n->symbolizer, trace_reader_module(n->reader, module), address, &start);
	if (!name)
		return false;
	strbuf_adds(out, name);
	if (address > start)
		strbuf_addf(out, "+0x%" PRIx64, address - start);
	return true;
}

struct trace_names *trace_names_open(const char *path, struct err *err)
{
	struct trace_names *n = mem_zalloc(1, sizeof(*n));
	n->reader = trace_reader_open(path, err);
	if (!n->reader || trace_reader_load_tables(n->reader, err) < 0) {
		trace_names_close(n);
		return NULL;
	}
	n->frames = frames_new(n->reader, symbols_of, n);
	n->of_program = mem_zalloc(1, sizeof(*n->of_program));
	suppressions_parse(n->of_program, trace_reader_fact(n->reader, "suppressions"),
			   "alloctrace_suppressions()");
	return n;
}

void trace_names_close(struct trace_names *n)
{
	if (!n)
		return;
	frames_free(n->frames);
	if (n->symbolizer)
		symbolizer_free(n->symbolizer);
	if (n->reader)
		trace_reader_close(n->reader);
	if (n->of_program)
		suppressions_release(n->of_program);
	free(n->of_program);
	free(n->module_has_symbols);
	free(n->module_was_searched);
	free(n);
}

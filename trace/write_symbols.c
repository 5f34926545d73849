/* write_symbols.c - the writer's symbols: source positions by (module, offset), strings once. */
#include "trace/writer_state.h"

/* 0 for NULL, else the string's number, and the string itself when it is new. */
static void add_string(struct trace_writer *w, const char *text)
{
	if (!text) {
		bytes_add_varint(&w->symbols, 0);
		return;
	}
	size_t len = strnlen(text, FORMAT_MAX_STRING_BYTES);
	bool is_new;
	bytes_add_varint(&w->symbols, strings_out_number(&w->strings, text, len, &is_new));
	if (is_new)
		bytes_add_string(&w->symbols, text, len);
}

void trace_writer_symbols(struct trace_writer *w, uint32_t module, uint64_t offset,
			  const struct trace_symbol *symbols, size_t count)
{
	if (module >= w->module_count || count > UINT32_MAX) {
		w->repairs++;
		return;
	}
	bytes_add_varint(&w->symbols, zigzag_encode((int64_t)module - w->symbols_module));
	bytes_add_varint(&w->symbols, zigzag_encode((int64_t)(offset - w->symbols_offset)));
	bytes_add_varint(&w->symbols, count);
	for (size_t i = 0; i < count; i++) {
		add_string(w, symbols[i].function);
		add_string(w, symbols[i].file);
		bytes_add_varint(&w->symbols, (uint64_t)symbols[i].line << 1 | symbols[i].inlined);
	}
	w->symbols_module = module;
	w->symbols_offset = offset;
	w->symbols_pending++;
	if (w->symbols.len >= WRITER_PENDING_BYTES)
		writer_flush_symbols(w);
}

int writer_flush_symbols(struct trace_writer *w)
{
	if (!w->symbols_pending)
		return 0;
	/* Symbols name modules. */
	int tables = writer_flush_tables(w);
	int result =
		writer_chunk(w, CHUNK_SYMBOLS, w->symbols_pending, w->symbols.data, w->symbols.len);
	w->symbols_pending = 0;
	w->symbols.len = 0;
	w->symbols_module = 0;
	w->symbols_offset = 0;
	strings_out_clear(&w->strings);
	return tables < 0 ? -1 : result;
}

/* definitions_report.c - see definitions_report.h. */
#include "report/definitions_report.h"

#include <inttypes.h>

#include "report/columns.h"

static const char *const tables[] = { "dynamic", "symtab", "gnu_debugdata", "debug_file" };

/* How far the name is seen. */
static const char *seen_words(const struct definition *d)
{
	if (d->is_exported)
		return "exported";
	switch (d->table) {
	case DEFINITION_MINI_DEBUG:
		return "local, by .gnu_debugdata";
	case DEFINITION_DEBUG_FILE:
		return "local, by its debug file";
	default:
		return "local";
	}
}

void definitions_text(const struct definitions *d, const struct survey_style *style,
		      struct strbuf *out)
{
	static const struct column columns[] = { { "defined", false, true },
						 { "as", false, false },
						 { "seen", false, false },
						 { "address", true, false },
						 { "file", false, true } };
	struct columns t;
	if (!d->count) {
		strbuf_adds(out, "No file that was looked at defines such a name.\n");
		return;
	}
	columns_init(&t, columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < d->count; i++) {
		const struct definition *is = &d->items[i];
		char address[24];
		snprintf(address, sizeof(address), "%#" PRIx64, is->address);
		columns_add(&t, is->name, COLUMN_BOLD);
		columns_add(&t, is->is_data ? "data" : "function", COLUMN_PLAIN);
		columns_add(&t, seen_words(is), is->is_exported ? COLUMN_PLAIN : COLUMN_ODD);
		columns_add(&t, address, COLUMN_DIM);
		columns_add(&t, is->path, COLUMN_PLAIN);
	}
	columns_write(&t, out, style->width, style->color);
	columns_release(&t);
}

void definitions_put_json(struct json *j, const struct definitions *d)
{
	json_array(j, "definitions");
	for (size_t i = 0; i < d->count; i++) {
		const struct definition *is = &d->items[i];
		json_object(j, NULL);
		json_string(j, "name", is->name);
		json_string(j, "path", is->path);
		json_hex(j, "address", is->address);
		json_uint(j, "bytes", is->bytes);
		json_bool(j, "data", is->is_data);
		json_bool(j, "exported", is->is_exported);
		json_string(j, "table", tables[is->table]);
		json_end_object(j);
	}
	json_end_array(j);
}

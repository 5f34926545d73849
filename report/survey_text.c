/* survey_text.c - see survey_report.h. */
#include "report/survey_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "report/columns.h"
#include "report/evidence_report.h"
#include "report/humane.h"
#include "report/instance_words.h"
#include "util/mem.h"
#include "util/strbuf.h"

struct row {
	const struct survey_file *file;
	const struct allocator *is;
};

struct rows {
	struct row *items;
	size_t count, cap;
	size_t of_family[FAMILY_COUNT];
};

static size_t shown_functions(const struct allocator *is, const struct survey_style *style)
{
	size_t count = 0;
	for (size_t i = 0; i < is->function_count; i++)
		count += shown_symbol(style->shown, is->functions[i].name);
	return count;
}

static void collect(struct rows *rows, const struct survey *s, const struct survey_style *style)
{
	for (size_t i = 0; i < s->count; i++)
		for (size_t k = 0; k < s->files[i].found.count; k++) {
			const struct allocator *is = &s->files[i].found.items[k];
			if ((is->layer && !style->layers && !style->details) ||
			    !shown_module(style->shown, s->files[i].path) ||
			    (style->shown && style->shown->symbol_count &&
			     !shown_functions(is, style)))
				continue;
			rows->items = mem_grow(rows->items, &rows->cap, rows->count + 1,
					       sizeof(*rows->items));
			rows->items[rows->count++] = (struct row){ &s->files[i], is };
			rows->of_family[is->family]++;
		}
}

/* An allocator, not only a layer. */
static bool has_heap(const struct survey_file *f)
{
	for (size_t i = 0; i < f->found.count; i++)
		if (!f->found.items[i].layer)
			return true;
	return false;
}

/* What is found seldom stands first, allocators before layers. */
static int compare(const void *a, const void *b, void *context)
{
	const struct row *x = a, *y = b;
	const struct rows *rows = context;
	size_t p = rows->of_family[x->is->family], q = rows->of_family[y->is->family];
	if (x->is->layer != y->is->layer)
		return x->is->layer ? 1 : -1;
	if (p != q)
		return p < q ? -1 : 1;
	if (x->is->family != y->is->family)
		return x->is->family < y->is->family ? -1 : 1;
	int order = strcmp(x->file->path, y->file->path);
	return order ? order : strcmp(x->is->prefix, y->is->prefix);
}

static const char *linked(const struct row *row)
{
	if (row->file->kind == SURVEY_ARCHIVE && row->is->linkage != ALLOCATOR_STRIPPED)
		return "static library";
	if (row->file->kind == SURVEY_OBJECT && row->is->linkage != ALLOCATOR_STRIPPED)
		return "object";
	if (row->file->kind == SURVEY_DEBUG)
		return "debug file";
	return linkage_words(row->is->linkage);
}

/* What nobody sees from outside is the odd one. */
static bool is_odd(const struct row *row)
{
	return !row->is->layer && row->file->kind != SURVEY_DEBUG &&
	       (row->is->linkage == ALLOCATOR_HIDDEN || row->is->linkage == ALLOCATOR_STRIPPED);
}

/* With the machine where there are several in one file; free() it. */
static char *shown_path(const struct survey_file *f)
{
	const char *machine = survey_machine_name(f->machine);
	return f->is_part ? mem_printf("%s (%s)", f->path, machine ? machine : "another machine")
			  : mem_strdup(f->path);
}

static void add_row(struct columns *t, const struct row *row, const struct survey_style *style)
{
	char functions[24];
	size_t count = shown_functions(row->is, style);
	const enum column_style dim = row->is->layer ? COLUMN_DIM : COLUMN_PLAIN;
	snprintf(functions, sizeof(functions), "%zu", count);
	columns_add(t, strcmp(row->is->name, "unknown") ? row->is->name : "unknown kind",
		    row->is->layer ? COLUMN_DIM : COLUMN_BOLD);
	columns_add(t, row->is->version, dim);
	columns_add(t, linked(row), is_odd(row) ? COLUMN_ODD : dim);
	columns_add(t, row->is->prefix, dim);
	columns_add(t, count ? functions : NULL, dim);
	char *path = shown_path(row->file);
	columns_add(t, path, dim);
	free(path);
}

static void add_none(struct columns *t, const struct survey_file *f)
{
	columns_add(t, "none", COLUMN_DIM);
	for (unsigned i = 0; i < 4; i++)
		columns_add(t, " ", COLUMN_DIM);
	char *path = shown_path(f);
	columns_add(t, path, COLUMN_DIM);
	free(path);
}

static bool is_shown(const struct survey_file *f, const struct survey_style *style)
{
	return f->kind != SURVEY_OTHER && shown_module(style->shown, f->path);
}

/* Of symbols those that match are asked for, not files that have none. */
static bool wants_none(const struct survey_file *f, const struct survey_style *style)
{
	return is_shown(f, style) && !has_heap(f) && (style->all || f->is_named) &&
	       !(style->shown && style->shown->symbol_count);
}

static void add_table(struct strbuf *out, const struct rows *rows, const struct survey *s,
		      const struct survey_style *style)
{
	static const struct column columns[] = {
		{ "allocator", false, false }, { "version", false, false },
		{ "linked", false, false },    { "prefix", false, true },
		{ "names", true, false },      { "file", false, true }
	};
	struct columns t;
	columns_init(&t, columns, AT_COUNT_OF(columns));
	for (size_t i = 0; i < rows->count; i++)
		add_row(&t, &rows->items[i], style);
	for (size_t i = 0; i < s->count; i++)
		if (wants_none(&s->files[i], style))
			add_none(&t, &s->files[i]);
	if (t.cell_count)
		columns_write(&t, out, style->width, style->color);
	columns_release(&t);
}

/* ---- in detail ---- */

/* wire/families.def has these in front of names that have or lack a prefix. */
static bool is_mark(const char *evidence, size_t at)
{
	return (evidence[at] == '=' || evidence[at] == '*') &&
	       (at == 0 || evidence[at - 1] == ' ' || evidence[at - 1] == '\n');
}

static void add_evidence(struct strbuf *out, const struct allocator *is)
{
	bool strings = allocator_is_by_messages(is);
	size_t bytes = strings ? strlen(is->evidence) : strcspn(is->evidence, "|");
	strbuf_adds(out,
		    strings ? "    known by its messages alone: \"" : "    known by functions: ");
	for (size_t i = 0; i < bytes; i++) {
		if (is->evidence[i] == '\n')
			strbuf_adds(out, "\", \"");
		else if (!is_mark(is->evidence, i))
			strbuf_addc(out, is->evidence[i]);
	}
	strbuf_adds(out, strings ? "\"\n" : "\n");
}

static void add_functions(struct strbuf *out, const struct allocator *is,
			  const struct survey_style *style)
{
	const size_t width = style->width ? style->width - 4 : 96;
	size_t column = 0;
	for (size_t i = 0; i < is->function_count; i++) {
		if (!shown_symbol(style->shown, is->functions[i].name))
			continue;
		size_t bytes = strlen(is->functions[i].name) + 1;
		if (column == 0 || column + bytes > width) {
			strbuf_adds(out, column ? "\n    " : "    ");
			column = 4;
		}
		column += bytes;
		strbuf_addc(out, ' ');
		strbuf_add_escaped(out, is->functions[i].name);
	}
	if (column)
		strbuf_addc(out, '\n');
}

static void add_file(struct strbuf *out, const struct survey_file *f,
		     const struct survey_style *style)
{
	static const char *const kinds[] = { "",       "program",	 "library",
					     "object", "static library", "debug file" };
	const char *machine = survey_machine_name(f->machine);
	char *path = shown_path(f);
	strbuf_add_escaped(out, path);
	free(path);
	strbuf_addf(out, "\n  %s%s%s, %u-bit%s, ", strcmp(f->format, "ELF") ? f->format : "",
		    strcmp(f->format, "ELF") ? " " : "", kinds[f->kind], f->bits,
		    f->is_big_endian ? " big-endian" : "");
	if (machine)
		strbuf_adds(out, machine);
	else
		strbuf_addf(out, "machine %u", f->machine);
	if (f->build_id.count)
		strbuf_adds(out, ", build-id ");
	for (uint32_t i = 0; i < f->build_id.count; i++)
		strbuf_addf(out, "%02x", f->build_id.bytes[i]);
	strbuf_adds(out, f->has_symbols ? "\n" : ", no symbol table\n");
	for (size_t i = 0; i < f->found.count; i++) {
		const struct row row = { f, &f->found.items[i] };
		strbuf_addf(out, "  %s%s",
			    strcmp(row.is->name, "unknown") ? row.is->name
							    : "allocator of an unknown kind",
			    *row.is->version ? " " : "");
		strbuf_add_escaped(out, row.is->version);
		if (*row.is->prefix) {
			strbuf_adds(out, ", prefix ");
			strbuf_add_escaped(out, row.is->prefix);
		}
		strbuf_addf(out, ", %s\n", linked(&row));
		add_evidence(out, row.is);
		if (i < f->evidence.count)
			evidence_add_text(out, &f->evidence.of[i]);
		add_functions(out, row.is, style);
	}
	if (!f->found.count)
		strbuf_adds(out, "  no allocator\n");
	rust_evidence_add_text(out, &f->evidence.rust, &f->found);
}

/* ---- the whole ---- */

static void add_total(struct strbuf *out, const struct survey *s)
{
	char number[HUMANE_BYTES];
	size_t looked_at = 0, with = 0, problems = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct survey_file *f = &s->files[i];
		looked_at += f->kind != SURVEY_OTHER;
		with += has_heap(f);
		problems += f->problem != NULL;
	}
	strbuf_addf(out, "%s file%s looked at, ", humane_count(number, looked_at),
		    looked_at == 1 ? "" : "s");
	strbuf_addf(out, "%zu carr%s an allocator", with, with == 1 ? "ies" : "y");
	if (problems)
		strbuf_addf(out, ", %zu could not be read", problems);
	strbuf_addc(out, '\n');
}

void survey_text(const struct survey *s, const struct survey_style *style, FILE *to)
{
	struct strbuf out = STRBUF_INIT;
	struct rows rows = { 0 };
	collect(&rows, s, style);
	if (rows.count)
		qsort_r(rows.items, rows.count, sizeof(*rows.items), compare, &rows);
	if (!style->details)
		add_table(&out, &rows, s, style);
	for (size_t i = 0; style->details && i < s->count; i++)
		if (is_shown(&s->files[i], style) &&
		    (s->files[i].found.count || style->all || s->files[i].is_named))
			add_file(&out, &s->files[i], style);
	if (s->count != 1)
		add_total(&out, s);
	fwrite(out.text, 1, out.len, to);
	strbuf_release(&out);
	free(rows.items);
}

/* diagnosis_text.c - see diagnosis_report.h. */
#include <string.h>

#include "report/diagnosis_report.h"

enum {
	INDENT = 9, /* "warning: " */
	NARROWEST = 40,
};

static const char *const colors[] = { "\033[1;31m", "\033[1;35m", "\033[1m" };

/* Columns, not bytes: what continues a character has none. */
static size_t columns_of(const char *text, size_t bytes)
{
	size_t columns = 0;
	for (size_t i = 0; i < bytes; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

/* Breaks between words; what follows is indented. */
static void add_wrapped(struct strbuf *out, const char *text, size_t column, size_t width)
{
	for (const char *at = text; *at;) {
		size_t bytes = strcspn(at, " "), columns = columns_of(at, bytes);
		if (column > INDENT && column + columns + 1 > width) {
			strbuf_addf(out, "\n%*s", INDENT, "");
			column = INDENT;
		} else if (at != text) {
			strbuf_addc(out, ' ');
			column++;
		}
		strbuf_add(out, at, bytes);
		column += columns;
		at += bytes + (at[bytes] == ' ');
	}
	strbuf_addc(out, '\n');
}

static void add_sentence(struct strbuf *out, const char *text, size_t width)
{
	struct strbuf escaped = STRBUF_INIT;
	strbuf_add_escaped(&escaped, text);
	add_wrapped(out, escaped.text, INDENT, width);
	strbuf_release(&escaped);
}

static void add_one(struct strbuf *out, const struct diagnosis *is, bool color, size_t width)
{
	const char *severity = diagnosis_severity_name(is->severity);
	strbuf_addf(out, "%s%s:%s%*s", color ? colors[is->severity] : "", severity,
		    color ? "\033[0m" : "", (int)(INDENT - 1 - strlen(severity)), "");
	add_sentence(out, is->what, width);
	if (!is->fix)
		return;
	strbuf_addf(out, "%*sfix: ", INDENT - 5, "");
	add_sentence(out, is->fix, width);
}

void diagnosis_add_text(struct strbuf *out, const struct linked *l, bool color, unsigned width)
{
	const struct diagnoses *d = l->diagnosed ? &l->diagnosed->problems : NULL;
	if (!d || !d->count)
		return;
	strbuf_adds(out, "\nDiagnosis:\n");
	for (size_t i = 0; i < d->count; i++)
		add_one(out, &d->items[i], color, width < NARROWEST ? NARROWEST : width);
}

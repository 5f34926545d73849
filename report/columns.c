/* columns.c - see columns.h. */
#include "report/columns.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "util/mem.h"

enum { GAP = 2, LEAST_CUT = 16 };

static const char *const codes[] = { "", "\033[1m", "\033[2m", "\033[33m", "\033[31m" };

/* ---- the width of text ---- */

/* Characters that take two columns: East Asian Wide and Fullwidth, and pictures (Unicode TR 11).
 * Not by wcwidth(), which knows nothing in the C locale. */
static const struct {
	uint32_t first, last;
} wide[] = {
	{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2329, 0x232a },	  { 0x23e9, 0x23ec },
	{ 0x25fd, 0x25fe },   { 0x2614, 0x2615 },   { 0x2648, 0x2653 },	  { 0x26a1, 0x26a1 },
	{ 0x2705, 0x2705 },   { 0x270a, 0x270b },   { 0x2728, 0x2728 },	  { 0x274c, 0x274c },
	{ 0x2753, 0x2755 },   { 0x2795, 0x2797 },   { 0x2e80, 0x303e },	  { 0x3041, 0x33ff },
	{ 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },	  { 0xa960, 0xa97f },
	{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },	  { 0xff00, 0xff60 },
	{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
	{ 0x20000, 0x3fffd },
};
/* And none: combining marks, joiners. */
static const struct {
	uint32_t first, last;
} narrow[] = {
	{ 0x300, 0x36f },   { 0x483, 0x489 },	{ 0x591, 0x5bd },
	{ 0x610, 0x61a },   { 0x64b, 0x65f },	{ 0x200b, 0x200d },
	{ 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};

static uint32_t next_character(const char **at)
{
	const unsigned char *p = (const unsigned char *)*at;
	unsigned more = *p < 0xc0 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	uint32_t c = more ? *p & (0x3fu >> more) : *p;
	for (p++; more && *p >> 6 == 2; more--)
		c = c << 6 | (*p++ & 0x3f);
	*at = (const char *)p;
	return c;
}

static size_t character_width(uint32_t c)
{
	for (size_t i = 0; i < AT_COUNT_OF(narrow); i++)
		if (c >= narrow[i].first && c <= narrow[i].last)
			return 0;
	for (size_t i = 0; i < AT_COUNT_OF(wide); i++)
		if (c >= wide[i].first && c <= wide[i].last)
			return 2;
	return 1;
}

/* The columns that text takes on a terminal; escaped text, UTF-8. */
static size_t text_width(const char *text)
{
	size_t width = 0;
	while (*text)
		width += character_width(next_character(&text));
	return width;
}

/* The bytes of the longest beginning that is not wider. */
static size_t fitting(const char *text, size_t width)
{
	const char *at = text;
	size_t bytes = 0;
	while (*at) {
		size_t one = character_width(next_character(&at));
		if (one > width)
			break;
		width -= one;
		bytes = (size_t)(at - text);
	}
	return bytes;
}

/* As much of the text as fits: beginning and end, with ".." between, whole characters. */
static void add_cut(struct strbuf *out, const char *text, size_t width)
{
	size_t all = text_width(text);
	if (all <= width) {
		strbuf_adds(out, text);
		return;
	}
	if (width < 4) {
		strbuf_add(out, text, fitting(text, width));
		return;
	}
	/* The end holds the file's name. */
	size_t head = (width - 2) / 3, tail = width - 2 - head;
	const char *end = text;
	while (*end && all > tail)
		all -= character_width(next_character(&end));
	strbuf_add(out, text, fitting(text, head));
	strbuf_adds(out, "..");
	strbuf_adds(out, end);
}

static void add_styled(struct strbuf *out, const char *text, enum column_style style, bool color)
{
	bool is_styled = color && *codes[style] && *text;
	strbuf_addf(out, "%s%s%s", is_styled ? codes[style] : "", text, is_styled ? "\033[0m" : "");
}

/* ---- the table ---- */

void columns_init(struct columns *t, const struct column *columns, size_t count)
{
	*t = (struct columns){ .columns = columns, .count = count };
}

void columns_release(struct columns *t)
{
	for (size_t i = 0; i < t->cell_count; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t->styles);
	*t = (struct columns){ 0 };
}

void columns_add(struct columns *t, const char *text, enum column_style style)
{
	struct strbuf clean = STRBUF_INIT;
	strbuf_add_escaped(&clean, text && *text ? text : "-");
	t->cells = mem_grow(t->cells, &t->cell_cap, t->cell_count + 1, sizeof(*t->cells));
	t->styles = mem_grow(t->styles, &t->style_cap, t->cell_count + 1, sizeof(*t->styles));
	t->styles[t->cell_count] = (unsigned char)style;
	t->cells[t->cell_count++] = strbuf_detach(&clean);
}

/* From the last column on, as far as each may be cut; then once more, further. */
static void cut_to_fit(const struct columns *t, size_t *widths, size_t over)
{
	for (size_t least = LEAST_CUT; over && least >= LEAST_CUT / 4; least /= 4)
		for (size_t c = t->count; over && c-- > 0;) {
			if (!t->columns[c].may_cut || widths[c] <= least)
				continue;
			size_t room = widths[c] - least, less = over < room ? over : room;
			widths[c] -= less;
			over -= less;
		}
}

static void widths_of(const struct columns *t, size_t *widths, size_t width)
{
	size_t all = 0;
	for (size_t c = 0; c < t->count; c++) {
		widths[c] = text_width(t->columns[c].title);
		for (size_t i = c; i < t->cell_count; i += t->count) {
			size_t one = text_width(t->cells[i]);
			widths[c] = one > widths[c] ? one : widths[c];
		}
		all += widths[c] + (c ? GAP : 0);
	}
	if (width && all > width)
		cut_to_fit(t, widths, all - width);
}

static void add_spaces(struct strbuf *out, size_t count)
{
	while (count--)
		strbuf_addc(out, ' ');
}

static void add_cell(const struct columns *t, struct strbuf *out, size_t column, size_t width,
		     const char *text, enum column_style style, bool color)
{
	struct strbuf cut = STRBUF_INIT;
	bool last = column + 1 == t->count;
	if (t->columns[column].may_cut)
		add_cut(&cut, text, width);
	else
		strbuf_adds(&cut, text);
	size_t taken = text_width(cut.text), rest = taken < width ? width - taken : 0;
	if (t->columns[column].to_right)
		add_spaces(out, rest);
	add_styled(out, cut.text, style, color);
	if (!last)
		add_spaces(out, GAP + (t->columns[column].to_right ? 0 : rest));
	strbuf_release(&cut);
}

void columns_write(const struct columns *t, struct strbuf *out, size_t width, bool color)
{
	size_t widths[COLUMNS_MAX];
	widths_of(t, widths, width);
	for (size_t c = 0; c < t->count; c++)
		add_cell(t, out, c, widths[c], t->columns[c].title, COLUMN_BOLD, color);
	strbuf_addc(out, '\n');
	for (size_t i = 0; i < t->cell_count; i++) {
		size_t c = i % t->count;
		add_cell(t, out, c, widths[c], t->cells[i], (enum column_style)t->styles[i], color);
		if (c + 1 == t->count)
			strbuf_addc(out, '\n');
	}
}

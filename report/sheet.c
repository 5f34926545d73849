/* sheet.c - see sheet.h. */
#include "report/sheet.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/shorten.h"
#include "util/mem.h"
#include "util/path.h"

static const char *const style_codes[] = { "", "\033[1m", "\033[2m", "\033[33m" };

void sheet_init(struct sheet *s, const struct trace_data *d, const struct report_request *request,
		FILE *to)
{
	*s = (struct sheet){ .to = to, .data = d, .request = request };
	s->nameless = mem_zalloc(trace_reader_module_count(d->reader) + 1, sizeof(bool));
	strbuf_init(&s->line);
}

void sheet_release(struct sheet *s)
{
	strbuf_release(&s->line);
	free(s->nameless);
}

/* Columns that a text takes: one per character. */
static size_t text_columns(const char *text)
{
	size_t columns = 0;
	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

void sheet_text(struct sheet *s, enum sheet_style style, const char *text)
{
	struct strbuf clean = STRBUF_INIT;
	bool styled = s->request->color && style != STYLE_PLAIN && *text;
	strbuf_add_escaped(&clean, text);
	if (styled)
		strbuf_adds(&s->line, style_codes[style]);
	strbuf_add(&s->line, clean.text, clean.len);
	if (styled)
		strbuf_adds(&s->line, "\033[0m");
	s->column += text_columns(clean.text);
	strbuf_release(&clean);
}

void sheet_format(struct sheet *s, enum sheet_style style, const char *fmt, ...)
{
	char text[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	sheet_text(s, style, text);
}

static void spaces(struct sheet *s, size_t count)
{
	s->column += count;
	while (count--)
		strbuf_addc(&s->line, ' ');
}

void sheet_to_column(struct sheet *s, size_t column)
{
	if (s->column < column)
		spaces(s, column - s->column);
	else if (s->column)
		spaces(s, 1);
}

void sheet_right(struct sheet *s, enum sheet_style style, size_t column, const char *text)
{
	size_t width = text_columns(text);
	sheet_to_column(s, column > width ? column - width : 0);
	sheet_text(s, style, text);
}

void sheet_end_line(struct sheet *s)
{
	/* No spaces at the end of a line. */
	size_t len = s->line.len;
	while (len && s->line.text[len - 1] == ' ')
		len--;
	fwrite(s->line.text, 1, len, s->to);
	fputc('\n', s->to);
	strbuf_clear(&s->line);
	s->column = 0;
}

void sheet_wrapped(struct sheet *s, const char *text)
{
	size_t column = s->column;
	while (*text) {
		size_t len = strcspn(text, " ");
		char *word = mem_strndup(text, len);
		if (s->column > column && s->column + 1 + text_columns(word) > s->request->width) {
			sheet_end_line(s);
			sheet_to_column(s, column);
		} else if (s->column > column) {
			sheet_text(s, STYLE_PLAIN, " ");
		}
		sheet_text(s, STYLE_PLAIN, word);
		free(word);
		text += len;
		text += strspn(text, " ");
	}
	sheet_end_line(s);
}

void sheet_heading(struct sheet *s, const char *title, const char *remark)
{
	sheet_end_line(s);
	sheet_text(s, STYLE_BOLD, title);
	if (remark) {
		sheet_text(s, STYLE_PLAIN, "  ");
		sheet_text(s, STYLE_DIM, remark);
	}
	sheet_end_line(s);
}

void sheet_titles(struct sheet *s, const struct sheet_title *titles, size_t column,
		  const char *last)
{
	for (; titles->title; titles++)
		sheet_right(s, STYLE_DIM, titles->end, titles->title);
	sheet_to_column(s, column);
	sheet_text(s, STYLE_DIM, last);
	sheet_end_line(s);
}

void sheet_module(struct sheet *s, enum sheet_style style, uint32_t module)
{
	const struct trace_module *m = trace_reader_module(s->data->reader, module);
	if (m->anonymous_process_plus_1)
		sheet_text(s, style, "[anonymous code]");
	else if (!*m->path)
		sheet_text(s, style, "[unknown module]");
	else
		sheet_text(s, style, s->request->long_names ? m->path : path_name(m->path));
}

void sheet_function(struct sheet *s, enum sheet_style style, uint32_t function, size_t room)
{
	if (function == UINT32_MAX) {
		sheet_text(s, style, "[no stack]");
		return;
	}
	const struct frame_function *f = frames_function(s->data->frames, function);
	if (!f->name) {
		sheet_module(s, style, f->module);
		sheet_format(s, style, "+0x%" PRIx64, f->offset);
		if (f->module < trace_reader_module_count(s->data->reader))
			s->nameless[f->module] = true;
		return;
	}
	if (s->request->long_names) {
		sheet_text(s, style, f->name);
		return;
	}
	struct strbuf name = STRBUF_INIT;
	shorten_function(&name, f->name, room);
	sheet_text(s, style, name.text);
	strbuf_release(&name);
}

void sheet_position(struct sheet *s, const struct frame *frame)
{
	if (!frame || !frame->file)
		return;
	sheet_text(s, STYLE_DIM, s->request->long_names ? frame->file : path_name(frame->file));
	if (frame->line)
		sheet_format(s, STYLE_DIM, ":%" PRIu32, frame->line);
}

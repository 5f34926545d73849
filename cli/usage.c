/* usage.c - the -h text of a command, made from its options; see options.h. */
#include <string.h>

#include "cli/options.h"
#include "util/strbuf.h"

enum {
	HELP_COLUMN = 28, /* where the explanations begin */
	HELP_WIDTH = 80,
};

/* "-o, --output=FILE", "--color[=WHEN]" */
static void add_spelling(struct strbuf *s, const struct option *o)
{
	if (o->letter)
		strbuf_addf(s, "  -%c, --%s", o->letter, o->name);
	else
		strbuf_addf(s, "      --%s", o->name);
	if (o->argument)
		strbuf_addf(s, o->implied ? "[=%s]" : "=%s", o->argument);
}

static void add_spaces(struct strbuf *s, size_t count)
{
	while (count--)
		strbuf_addc(s, ' ');
}

/* Adds the words of `text`, broken at HELP_WIDTH, each line from HELP_COLUMN on. */
static void add_wrapped(struct strbuf *s, const char *text)
{
	size_t column = HELP_COLUMN;
	while (*text) {
		size_t len = strcspn(text, " ");
		if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
			strbuf_addc(s, '\n');
			add_spaces(s, HELP_COLUMN);
			column = HELP_COLUMN;
		}
		if (column > HELP_COLUMN) {
			strbuf_addc(s, ' ');
			column++;
		}
		strbuf_add(s, text, len);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	strbuf_addc(s, '\n');
}

static void add_option(struct strbuf *s, const struct option *o)
{
	size_t start = s->len;
	add_spelling(s, o);
	size_t used = s->len - start;
	if (used + 2 > HELP_COLUMN) {
		strbuf_addc(s, '\n');
		used = 0;
	}
	add_spaces(s, HELP_COLUMN - used);
	add_wrapped(s, o->help);
}

static const struct option help = { "help", 'h', OPTION_FLAG, NULL, NULL, "print this text",
				    NULL,   NULL };

static void print_table_line(const struct option *o, FILE *to)
{
	fprintf(to, o->implied ? "%s\t%c\t[%s]\t" : "%s\t%c\t%s\t", o->name,
		o->letter ? o->letter : '-', o->argument ? o->argument : "-");
	if (!o->choices)
		fputc('-', to);
	for (size_t i = 0; o->choices && o->choices[i]; i++)
		fprintf(to, "%s%s", i ? " " : "", o->choices[i]);
	fprintf(to, "\t%s\n", o->help);
}

void usage_print_table(const struct usage *usage, FILE *to)
{
	for (const struct option *o = usage->options; o->kind != OPTION_END; o++)
		if (o->kind != OPTION_HEADING)
			print_table_line(o, to);
	print_table_line(&help, to);
}

void usage_print(const struct usage *usage, FILE *to)
{
	struct strbuf s = STRBUF_INIT;
	strbuf_addf(&s, "Usage: alloctrace %s%s%s%s\n", usage->command,
		    *usage->command ? " [OPTION]..." : "",
		    *usage->command && *usage->arguments ? " " : "", usage->arguments);
	strbuf_addf(&s, "%s.\n", usage->summary);
	if (usage->options[0].kind != OPTION_HEADING)
		strbuf_adds(&s, "\nOptions:\n");
	for (const struct option *o = usage->options; o->kind != OPTION_END; o++) {
		if (o->kind == OPTION_HEADING)
			strbuf_addf(&s, "\n%s:\n", o->help);
		else
			add_option(&s, o);
	}
	add_option(&s, &help);
	if (usage->notes)
		strbuf_addf(&s, "\n%s", usage->notes);
	fwrite(s.text, 1, s.len, to);
	strbuf_release(&s);
}

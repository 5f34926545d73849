/* symbols_show.c - see symbols_show.h. */
#include "cli/symbols_show.h"

#include <stdio.h>

#include "cli/output.h"
#include "report/linked_graph.h"
#include "report/linked_report.h"

const char *const symbols_formats[] = { "text", "json", "dot", NULL };

bool symbols_show_wants_bindings(const struct symbols_show *show)
{
	return show->tree || show->format == SYMBOLS_DOT;
}

static void print(struct strbuf *out)
{
	fwrite(out->text, 1, out->len, stdout);
	strbuf_release(out);
}

static void show_program(const struct symbols_show *show, const struct linked *l, unsigned width)
{
	const struct linked_style style = { .color = show->style.color,
					    .details = show->style.details,
					    .layers = show->style.layers,
					    .width = width,
					    .shown = show->style.shown };
	const struct graph_style tree = { .color = show->style.color,
					  .ascii = !output_is_utf8(),
					  .width = show->style.width,
					  .shown = show->style.shown };
	struct strbuf out = STRBUF_INIT;
	if (show->tree) {
		linked_tree(l, &tree, &out);
		print(&out);
	} else {
		linked_text(l, &style, stdout);
	}
}

static void show_text(const struct symbols_show *show, const struct symbols_targets *t,
		      unsigned width)
{
	/* What is linked with a program includes what is in its file. */
	const bool is_program_alone = t->program_count == 1 && t->survey.count == 1;
	const bool is_listed = t->survey.count && (!is_program_alone || show->style.details) &&
			       !(show->tree && t->program_count == t->survey.count);
	if (is_listed)
		survey_text(&t->survey, &show->style, stdout);
	for (size_t i = 0; i < t->program_count; i++) {
		if (i || is_listed)
			putchar('\n');
		show_program(show, t->programs[i], width);
	}
}

static void show_dot(const struct symbols_show *show, const struct symbols_targets *t)
{
	struct strbuf out = STRBUF_INIT;
	linked_dot_begin(&out);
	for (size_t i = 0; i < t->program_count; i++)
		linked_dot(t->programs[i], i, show->style.shown, &out);
	linked_dot_end(&out);
	print(&out);
}

void symbols_show(struct symbols_show *show, const struct symbols_targets *t,
		  const struct symbols_gate *gate)
{
	const unsigned width = output_width(stdout);
	const struct shown_names shown = { show->symbols.items, show->symbols.count,
					   show->modules.items, show->modules.count };
	show->style.color = output_color(stdout, (enum color_when)show->color);
	show->style.width = output_limit(stdout);
	show->style.shown = &shown;
	if (!show->no_pager && show->format == SYMBOLS_TEXT)
		pager_start();
	if (show->format == SYMBOLS_JSON)
		symbols_json(&t->survey, (const struct linked *const *)t->programs,
			     t->program_count, &shown,
			     symbols_gate_is_asked(gate) ? &gate->unmets : NULL, stdout);
	else if (show->format == SYMBOLS_DOT)
		show_dot(show, t);
	else
		show_text(show, t, width);
	show->style.shown = NULL;
}

void symbols_show_release(struct symbols_show *show)
{
	option_list_release(&show->symbols);
	option_list_release(&show->modules);
}

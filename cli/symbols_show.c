/* symbols_show.c - see symbols_show.h. */
#include "cli/symbols_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "report/definitions_report.h"
#include "report/linked_graph.h"
#include "report/linked_report.h"
#include "util/mem.h"

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
					    .limit = show->style.width,
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

/* Of a program alone that no dynamic linker starts. */
static void tell_of_static(const struct symbols_targets *t)
{
	const struct survey_file *f = t->survey.files;
	if (t->survey.count != 1 || t->program_count || !f->is_named || f->problem ||
	    f->kind != SURVEY_PROGRAM || !f->format || strcmp(f->format, "ELF") != 0)
		return;
	fputs("It is linked statically: who is bound to whom was decided then, and no library can "
	      "come before.\n",
	      stdout);
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
	tell_of_static(t);
	for (size_t i = 0; i < t->program_count; i++) {
		if (i || is_listed)
			putchar('\n');
		show_program(show, t->programs[i], width);
	}
}

/* ---- where names are defined ---- */

static bool is_wanted(const void *shown, const char *name)
{
	return shown_symbol(shown, name);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each file once, which may be a target and a library of others. */
static void find_definitions(struct definitions *d, const struct symbols_targets *t,
			     const struct shown_names *shown)
{
	const char **paths = NULL;
	size_t count = 0, cap = 0;
	for (size_t i = 0; i < t->survey.count; i++)
		if (t->survey.files[i].kind != SURVEY_OTHER) {
			paths = mem_grow(paths, &cap, count + 1, sizeof(*paths));
			paths[count++] = t->survey.files[i].path;
		}
	for (size_t i = 0; i < t->program_count; i++)
		for (size_t k = 0; k < t->programs[i]->count; k++)
			if (!t->programs[i]->modules[k].problem) {
				paths = mem_grow(paths, &cap, count + 1, sizeof(*paths));
				paths[count++] = t->programs[i]->modules[k].path;
			}
	if (count)
		qsort(paths, count, sizeof(*paths), compare_paths);
	for (size_t i = 0; i < count; i++)
		if ((i == 0 || strcmp(paths[i], paths[i - 1]) != 0) &&
		    shown_module(shown, paths[i]))
			definitions_add_file(d, paths[i], is_wanted, shown);
	definitions_sort(d);
	free(paths);
}

static void show_definitions(const struct symbols_show *show, const struct definitions *d)
{
	struct strbuf out = STRBUF_INIT;
	strbuf_addc(&out, '\n');
	definitions_text(d, &show->style, &out);
	print(&out);
}

/* ---- all of it ---- */

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
	struct definitions definitions = DEFINITIONS_INIT;
	const bool is_sought = shown.symbol_count && show->format != SYMBOLS_DOT && !show->tree;
	const struct symbols_answer answer = {
		.files = &t->survey,
		.programs = (const struct linked *const *)t->programs,
		.program_count = t->program_count,
		.unmets = symbols_gate_is_asked(gate) ? &gate->unmets : NULL,
		.definitions = is_sought ? &definitions : NULL,
	};
	if (is_sought)
		find_definitions(&definitions, t, &shown);
	if (show->format == SYMBOLS_JSON)
		symbols_json(&answer, &shown, stdout);
	else if (show->format == SYMBOLS_DOT)
		show_dot(show, t);
	else
		show_text(show, t, width);
	if (is_sought && show->format == SYMBOLS_TEXT)
		show_definitions(show, &definitions);
	definitions_release(&definitions);
	show->style.shown = NULL;
}

void symbols_show_release(struct symbols_show *show)
{
	option_list_release(&show->symbols);
	option_list_release(&show->modules);
}

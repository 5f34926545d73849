/* symbols_gate.c - see symbols_gate.h. */
#include "cli/symbols_gate.h"

#include <string.h>

#include "cli/command.h"
#include "util/path.h"

static int add_all(struct symbols_gate *gate, const struct option_list *list,
		   enum expectation_wish wish, const char *option, const struct usage *usage)
{
	struct err err;
	for (size_t i = 0; i < list->count; i++)
		if (expectations_add(&gate->wishes, wish, list->items[i], &err) < 0)
			return usage_error(usage, "%s: %s", option, err.text);
	return -1;
}

int symbols_gate_begin(struct symbols_gate *gate, const struct usage *usage)
{
	struct err err;
	int code = add_all(gate, &gate->expect, EXPECT_IN_USE, "--expect", usage);
	if (code < 0)
		code = add_all(gate, &gate->forbid, EXPECT_NONE, "--forbid", usage);
	if (code < 0 && gate->single &&
	    expectations_add(&gate->wishes, EXPECT_SINGLE, NULL, &err) < 0)
		code = usage_error(usage, "%s", err.text);
	return code;
}

void symbols_gate_release(struct symbols_gate *gate)
{
	unmets_release(&gate->unmets);
	expectations_release(&gate->wishes);
	option_list_release(&gate->expect);
	option_list_release(&gate->forbid);
}

bool symbols_gate_is_asked(const struct symbols_gate *gate)
{
	return gate->wishes.count != 0;
}

/* A file that is looked at as a program is not looked at a second time for itself. */
static bool is_program(const struct symbols_targets *targets, const char *path)
{
	for (size_t i = 0; i < targets->program_count; i++)
		if (strcmp(targets->programs[i]->name, path) == 0)
			return true;
	return false;
}

void symbols_gate_check(struct symbols_gate *gate, const struct symbols_targets *targets)
{
	if (!gate->wishes.count)
		return;
	for (size_t i = 0; i < targets->program_count; i++)
		expectations_check(&gate->wishes, targets->programs[i], &gate->unmets);
	for (size_t i = 0; i < targets->survey.count; i++) {
		const struct survey_file *f = &targets->survey.files[i];
		if (f->kind != SURVEY_OTHER && !(f->is_named && is_program(targets, f->path)))
			expectations_check_file(&gate->wishes, f->path, &f->found, &gate->unmets);
	}
	/* With a target missing it is not said that nothing was there. */
	if (!targets->failed)
		expectations_finish(&gate->wishes, &gate->unmets);
}

static void tell(const struct unmet *u)
{
	struct strbuf text = STRBUF_INIT, clean = STRBUF_INIT;
	expectation_add_option(&text, u->expectation);
	strbuf_addf(&text, " is not met%s%s: %s", u->target ? " by " : "",
		    u->target ? u->target : "", u->found);
	strbuf_add_escaped(&clean, text.text);
	if (u->why) {
		strbuf_adds(&clean, "\n  why: ");
		strbuf_add_escaped(&clean, u->why);
	}
	if (u->fix) {
		strbuf_adds(&clean, "\n  to do: ");
		strbuf_add_escaped(&clean, u->fix);
	}
	say("%s", clean.text);
	strbuf_release(&text);
	strbuf_release(&clean);
}

/* What is not known may be what was asked for. Whether there was such a module. */
static bool tell_unknown(const struct symbols_targets *targets)
{
	bool is_any = false;
	for (size_t i = 0; i < targets->program_count; i++) {
		const struct linked *l = targets->programs[i];
		for (size_t k = 0; k < l->count; k++) {
			struct strbuf clean = STRBUF_INIT;
			if (!l->modules[k].problem)
				continue;
			strbuf_add_escaped(&clean, l->name);
			strbuf_adds(&clean, ": it cannot be told whether it is as it should be: ");
			if (!strstr(l->modules[k].problem, path_name(l->modules[k].path))) {
				strbuf_add_escaped(&clean, path_name(l->modules[k].path));
				strbuf_adds(&clean, ": ");
			}
			strbuf_add_escaped(&clean, l->modules[k].problem);
			say("%s", clean.text);
			strbuf_release(&clean);
			is_any = true;
		}
	}
	return is_any;
}

int symbols_gate_finish(const struct symbols_gate *gate, const struct symbols_targets *targets,
			int code)
{
	for (size_t i = 0; i < gate->unmets.count; i++)
		tell(&gate->unmets.items[i]);
	if (gate->unmets.count)
		return EXIT_FINDING;
	if (gate->wishes.count && tell_unknown(targets) && !code)
		return EXIT_CANNOT;
	return code;
}

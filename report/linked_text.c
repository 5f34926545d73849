/* linked_text.c - see linked_report.h: the report of one program, and those parts of it that have
 * no file of their own. */
#include "link/uses.h"
#include "report/diagnosis_report.h"
#include "report/linked_process.h"
#include "report/linked_report.h"
#include "symbol/survey.h"

struct text {
	const struct linked *linked;
	const struct linked_style *style;
	struct strbuf out;
};

/* ---- the head ---- */

static void add_malloc(struct text *t)
{
	const struct linked *l = t->linked;
	struct use use;
	use_of_program(&use, l);
	if (!use.symbol_count) {
		strbuf_adds(&t->out, l->modules[0].problem
					     ? "malloc: not known without the program's file\n"
					     : "malloc: nothing defines it\n");
		use_release(&use);
		return;
	}
	const struct allocator *is = use_allocator(l, &use);
	strbuf_adds(&t->out, "malloc is ");
	linked_add_bold(&t->out, t->style, true);
	if (is)
		linked_add_allocator(&t->out, is);
	else
		strbuf_adds(&t->out, "an allocator of an unknown kind");
	linked_add_bold(&t->out, t->style, false);
	strbuf_adds(&t->out, use.kind == USE_OWN ? ", inside " : ", of ");
	strbuf_add_escaped(&t->out, l->modules[use.module].path);
	if (use.via < l->count) {
		strbuf_adds(&t->out, ", by way of ");
		strbuf_add_escaped(&t->out, linked_module_name(&l->modules[use.via]));
	}
	strbuf_addf(&t->out, ": %s\n",
		    use.kind == USE_OWN ? "its own, bound when it was linked"
					: linked_reason_words(l, use.binding.reason));
	use_release(&use);
}

static void add_problems(struct text *t)
{
	const struct linked *l = t->linked;
	for (size_t i = 0; i < l->count; i++) {
		const struct linked_module *m = &l->modules[i];
		if (!m->problem)
			continue;
		linked_add_bold(&t->out, t->style, true);
		strbuf_add_escaped(&t->out, m->path);
		linked_add_bold(&t->out, t->style, false);
		strbuf_adds(&t->out, ": ");
		strbuf_add_escaped(&t->out, m->problem);
		if (m->wanted_by < l->count) {
			strbuf_adds(&t->out, ", needed by ");
			strbuf_add_escaped(&t->out, linked_module_name(&l->modules[m->wanted_by]));
		}
		strbuf_addc(&t->out, '\n');
	}
}

static void add_head(struct text *t)
{
	const struct linked *l = t->linked;
	const char *machine = survey_machine_name(l->machine);
	size_t there = 0, later = 0;
	for (size_t i = 0; i < l->count; i++) {
		there += !l->modules[i].problem;
		later += !l->modules[i].problem && l->origin == LINKED_FILES &&
			 !(l->modules[i].flags & BINDING_STARTUP);
	}
	linked_add_bold(&t->out, t->style, true);
	strbuf_add_escaped(&t->out, l->name);
	linked_add_bold(&t->out, t->style, false);
	linked_process_add_title(&t->out, l);
	strbuf_addf(&t->out, ": %s, %s, %u-bit, %zu module%s%s",
		    linked_is_program(l) ? "program" : "library",
		    machine ? machine : "another machine", l->bits, there - later,
		    there - later == 1 ? "" : "s",
		    l->origin != LINKED_FILES ? ""
		    : linked_is_program(l)    ? " when it starts"
					      : " when it is loaded alone");
	if (later)
		strbuf_addf(&t->out, ", %zu opened later", later);
	strbuf_addc(&t->out, '\n');
	if (l->lacks_interpreter && l->interpreter) {
		strbuf_adds(&t->out, "Its dynamic linker is not on this machine: ");
		strbuf_add_escaped(&t->out, l->interpreter);
		strbuf_adds(&t->out, ". The usual directories were searched.\n");
	}
	if (l->modules[0].marks & LINKED_SETUID)
		strbuf_adds(&t->out, "It gives its user rights (setuid, setgid or capabilities): "
				     "LD_LIBRARY_PATH and LD_PRELOAD do not count.\n");
	add_problems(t);
	linked_process_add_notes(&t->out, l);
	add_malloc(t);
}

/* ---- modules ---- */

static void add_loaded(struct text *t)
{
	const struct linked *l = t->linked;
	strbuf_adds(&t->out, "\nLoaded, in this order:\n");
	for (size_t i = 0; i < l->count; i++) {
		const struct linked_module *m = &l->modules[i];
		strbuf_addf(&t->out, "%4zu  ", i);
		strbuf_add_escaped(&t->out, m->path);
		if (i)
			strbuf_addf(&t->out, " (%s", linked_found_words(m->found_by));
		if (m->wanted_by < l->count) {
			strbuf_adds(&t->out, ", needed by ");
			strbuf_add_escaped(&t->out, linked_module_name(&l->modules[m->wanted_by]));
		} else if (i && l->origin == LINKED_FILES && m->flags & BINDING_STARTUP) {
			strbuf_adds(&t->out, ", preloaded");
		}
		if (i)
			linked_process_add_opening(&t->out, m);
		strbuf_adds(&t->out, i ? ")\n" : "\n");
	}
}

void linked_text(const struct linked *l, const struct linked_style *style, FILE *to)
{
	struct text t = { .linked = l, .style = style, .out = STRBUF_INIT };
	if (!l->count)
		return;
	add_head(&t);
	linked_add_instances(&t.out, l, style);
	diagnosis_add_text(&t.out, l, style->color, style->width);
	linked_add_bindings(&t.out, l, style);
	if (style->details) {
		add_loaded(&t);
		static_tls_add_text(&t.out, l, style->color, style->limit);
	}
	fwrite(t.out.text, 1, t.out.len, to);
	strbuf_release(&t.out);
}

/* finding_judge.c - see finding_judge.h. */
#include "report/finding_judge.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/module_operators.h"
#include "util/mem.h"
#include "wire/findings.h"

enum {
	/* How far from malloc an operator new is looked for that calls it. */
	NEAR_FRAMES = 6,
};

struct known_module {
	char *path;
	struct module_operators operators;
};

struct finding_judge {
	struct operators_finder *finder; /* NULL: not needed yet */
	struct known_module *modules;
	size_t count, cap;
};

struct finding_judge *finding_judge_new(void)
{
	return mem_zalloc(1, sizeof(struct finding_judge));
}

void finding_judge_free(struct finding_judge *j)
{
	if (!j)
		return;
	operators_finder_free(j->finder);
	for (size_t i = 0; i < j->count; i++)
		free(j->modules[i].path);
	free(j->modules);
	free(j);
}

/* ---- what a module has ---- */

static struct module_operators by_file(struct finding_judge *j, const struct story_frame *frame)
{
	const struct trace_module module = { .path = frame->module,
					     .build_id = frame->build_id,
					     .build_id_bytes = frame->build_id_bytes };
	if (!j->finder)
		j->finder = operators_finder_new();
	return module_operators_find(j->finder, &module);
}

static struct module_operators operators_of(struct finding_judge *j,
					    const struct story_frame *frame)
{
	for (size_t i = 0; i < j->count; i++)
		if (strcmp(j->modules[i].path, frame->module) == 0)
			return j->modules[i].operators;
	struct known_module known = { mem_strdup(frame->module), by_file(j, frame) };
	j->modules = mem_grow(j->modules, &j->cap, j->count + 1, sizeof(*j->modules));
	j->modules[j->count++] = known;
	return known.operators;
}

/* ---- judging ---- */

/* Inlined ones are frames too, where debug information tells of them. */
static bool is_called_by_operator(const struct story_stack *stack)
{
	for (size_t i = 0; i < stack->count && i < NEAR_FRAMES; i++) {
		const char *name = stack->frames[i].function;
		if (name && (strncmp(name, "operator new", 12) == 0 ||
			     strncmp(name, "operator delete", 15) == 0))
			return true;
	}
	return false;
}

/* An operator that ends with a jump to malloc leaves no frame: any module that has one is in doubt,
 * and where the program exports them, every one is. */
static bool is_in_doubt(struct finding_judge *j, const struct finding_story *s)
{
	const struct story_stack *release = &s->stacks[STORY_RELEASE],
				 *made = &s->stacks[STORY_MADE];
	struct module_operators o;
	if (release->count) {
		o = operators_of(j, &release->frames[0]);
		if (module_may_release(&o))
			return true;
	}
	if (made->count) {
		o = operators_of(j, &made->frames[0]);
		if (module_may_make(&o))
			return true;
	}
	for (size_t i = 0; i < release->count; i++)
		if (*s->exe && strcmp(release->frames[i].module, s->exe) == 0)
			return operators_of(j, &release->frames[i]).exported;
	return false;
}

bool finding_is_doubtful(struct finding_judge *j, const struct finding_story *s)
{
	if (s->finding.class != FINDING_MISMATCH)
		return false;
	if ((s->finding.flags & TRACE_FINDING_DOUBTFUL) ||
	    is_called_by_operator(&s->stacks[STORY_RELEASE]) ||
	    is_called_by_operator(&s->stacks[STORY_MADE]))
		return true;
	return !(s->finding.flags & TRACE_FINDING_JUDGED) && is_in_doubt(j, s);
}

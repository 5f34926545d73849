/* judge_findings.c - see judge_findings.h. */
#include "collect/judge_findings.h"

#include <stdlib.h>

#include "symbol/module_operators.h"
#include "util/mem.h"
#include "wire/findings.h"

struct judge {
	struct collector *collector;
	struct operators_finder *finder;
	struct module_operators *operators; /* by module of the trace */
	bool *is_known;
};

static struct module_operators operators_of(struct judge *j, uint32_t module)
{
	static const struct module_operators none = { false, false, false, false };
	const struct tables *t = &j->collector->tables;
	struct session_module copy;
	struct trace_module record;
	if (module >= t->module_count)
		return none;
	if (!j->is_known[module]) {
		j->is_known[module] = true;
		j->operators[module] = none;
		if (tables_read_module(t, t->modules[module], &copy, &record))
			j->operators[module] = module_operators_find(j->finder, &record);
	}
	return j->operators[module];
}

static struct module_operators operators_at(struct judge *j, uint32_t node)
{
	struct trace_node n;
	bool known = node >= NODE_FIRST && tables_read_node(&j->collector->tables, node, &n);
	return operators_of(j, known ? n.module : TRACE_NO_MODULE);
}

/* Whether the program of a process exports operators, which then serve all modules. */
static bool program_exports(struct judge *j, uint32_t process)
{
	const struct loaded *loaded = &j->collector->loaded;
	for (size_t i = 0; i < loaded->count; i++)
		if (loaded->items[i].is_program && loaded->items[i].process == process)
			return operators_of(j, loaded->items[i].module).exported;
	return false;
}

static bool is_doubtful(struct judge *j, const struct trace_finding *f)
{
	struct module_operators release = operators_at(j, f->stack);
	struct module_operators made = operators_at(j, f->made_stack);
	return module_may_release(&release) || module_may_make(&made) ||
	       program_exports(j, f->process);
}

void judge_findings(struct collector *c)
{
	const size_t modules = c->tables.module_count + 1u;
	struct judge j = { c, NULL, mem_zalloc(modules, sizeof(*j.operators)),
			   mem_zalloc(modules, sizeof(*j.is_known)) };
	for (uint32_t i = 0; i < c->findings.count; i++) {
		struct trace_finding *f = &c->findings.items[i];
		if (f->class != FINDING_MISMATCH)
			continue;
		if (!j.finder)
			j.finder = operators_finder_new();
		f->flags |= TRACE_FINDING_JUDGED;
		if (is_doubtful(&j, f))
			f->flags |= TRACE_FINDING_DOUBTFUL;
		trace_writer_finding(c->writer, i, f);
	}
	operators_finder_free(j.finder);
	free(j.operators);
	free(j.is_known);
}

/* linked_process.c - see linked_process.h; the keys are in alloctrace-symbols(1). */
#include "report/linked_process.h"

#include <inttypes.h>
#include <stdio.h>

void linked_process_add_title(struct strbuf *out, const struct linked *l)
{
	if (l->pid)
		strbuf_addf(out, ", process %d", l->pid);
	if (l->when) {
		strbuf_adds(out, ", ");
		strbuf_add_escaped(out, l->when);
	}
}

/* ---- text ---- */

static void add_module_notes(struct strbuf *out, const struct linked *l)
{
	for (size_t i = 0; i < l->count; i++) {
		if (!l->modules[i].note || l->modules[i].is_known)
			continue;
		strbuf_add_escaped(out, l->modules[i].path);
		strbuf_adds(out, ": ");
		strbuf_add_escaped(out, l->modules[i].note);
		strbuf_addc(out, '\n');
	}
}

static void add_counts(struct strbuf *out, const struct linked *l)
{
	size_t counts[] = {
		[LINKED_SLOT_UNREAD] = 0, [LINKED_SLOT_LAZY] = 0, [LINKED_SLOT_BOUND] = 0
	};
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->modules[i].import_count; k++)
			if (linked_is_told(l, &l->modules[i], &l->modules[i].imports[k]))
				counts[l->modules[i].imports[k].slot]++;
	strbuf_addf(out, "%zu symbols are bound", counts[LINKED_SLOT_BOUND]);
	if (counts[LINKED_SLOT_LAZY])
		strbuf_addf(out,
			    ", %zu have not been called yet (lazy): what is told of them is what "
			    "the search finds",
			    counts[LINKED_SLOT_LAZY]);
	if (counts[LINKED_SLOT_UNREAD])
		strbuf_addf(out, ", of %zu what the process holds is not known",
			    counts[LINKED_SLOT_UNREAD]);
	strbuf_adds(out, ".\n");
}

static bool has_openings(const struct linked *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->modules[i].flags & BINDING_OPENED)
			return true;
	return false;
}

static void add_trace_notes(struct strbuf *out, const struct linked *l)
{
	strbuf_adds(
		out,
		"From a trace: who its modules were bound to is found by searching their files, "
		"as they are now.\n");
	if (has_openings(l))
		strbuf_adds(out,
			    "Of libraries that were opened later it has those that allocated. How "
			    "they were opened is not recorded:\nRTLD_LOCAL is assumed, in the "
			    "program's namespace.\n");
}

void linked_process_add_notes(struct strbuf *out, const struct linked *l)
{
	if (l->origin == LINKED_TRACE)
		add_trace_notes(out, l);
	if (l->origin == LINKED_PROCESS) {
		if (l->is_in_flux)
			strbuf_adds(out,
				    "Libraries were opened or closed while it was looked at: what "
				    "is told of them is not certain.\n");
		add_counts(out, l);
		if (has_openings(l))
			strbuf_adds(out,
				    "With which flags libraries were opened is guessed from what "
				    "is bound: the process does not tell.\n");
	}
	add_module_notes(out, l);
}

void linked_process_add_opening(struct strbuf *out, const struct linked_module *m)
{
	if (m->flags & BINDING_OPENED)
		strbuf_adds(out, ", by dlopen()");
	if (m->flags & BINDING_GLOBAL)
		strbuf_adds(out, " with RTLD_GLOBAL");
	if (m->flags & BINDING_DEEPBIND)
		strbuf_adds(out, " with RTLD_DEEPBIND");
	if (m->space)
		strbuf_addf(out, ", namespace %" PRIu32, m->space);
}

/* ---- JSON ---- */

void linked_process_put(struct json *j, const struct linked *l)
{
	json_string(j, "when", l->when);
	json_bool(j, "uncertain", l->is_in_flux);
}

void linked_process_put_module(struct json *j, const struct linked *l,
			       const struct linked_module *m)
{
	const bool is_files = l->origin == LINKED_FILES;
	json_string(j, "note", m->note);
	json_string(j, "loaded",
		    is_files || m->flags & BINDING_STARTUP ? "start"
		    : m->flags & BINDING_OPENED		   ? "dlopen"
							   : "with_dlopen");
	json_bool(j, "global", m->flags & BINDING_GLOBAL);
	json_bool(j, "deepbind", m->flags & BINDING_DEEPBIND);
	json_bool(j, "new", !m->is_known);
}

void linked_process_put_import(struct json *j, const struct linked *l,
			       const struct linked_import *import)
{
	static const char *const slots[] = { [LINKED_SLOT_UNREAD] = NULL,
					     [LINKED_SLOT_LAZY] = "lazy",
					     [LINKED_SLOT_BOUND] = "bound" };
	const bool is_bound = import->slot == LINKED_SLOT_BOUND;
	const bool is_inside = is_bound && import->value_module < l->count;
	char address[32];
	snprintf(address, sizeof(address), "0x%" PRIx64, import->value);
	json_string(j, "slot", slots[import->slot]);
	json_string(j, "holds", is_bound ? address : NULL);
	json_string(j, "holds_in", is_inside ? l->modules[import->value_module].path : NULL);
	if (is_inside)
		json_uint(j, "holds_in_module", import->value_module);
	else
		json_string(j, "holds_in_module", NULL);
	json_bool(j, "differs", import->differs);
}

/* linked_json.c - see linked_report.h; the keys are in alloctrace-symbols(1). */
#include <string.h>

#include "report/diagnosis_report.h"
#include "report/linked_process.h"
#include "report/linked_report.h"
#include "symbol/survey.h"

static const char *path_of(const struct linked *l, size_t module)
{
	return module < l->count ? l->modules[module].path : NULL;
}

static void put_index(struct json *j, const char *key, size_t module)
{
	if (module == SIZE_MAX)
		json_string(j, key, NULL);
	else
		json_uint(j, key, module);
}

static void put_import(struct json *j, const struct linked *l, const struct linked_module *m,
		       const struct linked_import *import)
{
	const struct binding_symbol *s = &m->file.symbols[import->symbol];
	const struct binding *b = &import->binding;
	const bool found = b->reason != BINDING_NOT_FOUND;
	json_object(j, NULL);
	json_string(j, "symbol", s->name);
	json_string(j, "version", s->version);
	json_string(j, "use",
		    import->for_call		? "call"
		    : s->flags & BINDING_COPIED ? "copy"
						: "address");
	json_bool(j, "weak", s->flags & BINDING_WEAK);
	json_bool(j, "defined", s->flags & BINDING_DEFINED);
	json_string(j, "to", found ? path_of(l, b->module) : NULL);
	put_index(j, "to_module", found ? b->module : SIZE_MAX);
	json_string(j, "to_version", found ? b->symbol->version : NULL);
	put_index(j, "served_by", linked_served_by(l, m, import));
	json_bool(j, "ifunc", found && b->symbol->flags & BINDING_IFUNC);
	json_string(j, "reason", linked_reason_key(b->reason));
	put_index(j, "other_version_in", b->passed_over);
	linked_process_put_import(j, l, import);
	json_end_object(j);
}

static void put_tls(struct json *j, const struct thread_storage *tls)
{
	json_object(j, "tls");
	json_uint(j, "bytes", tls->bytes);
	json_uint(j, "alignment", tls->alignment);
	json_bool(j, "static", tls->is_static);
	json_end_object(j);
}

static void put_file(struct json *j, const struct linked_module *m, const struct shown_names *shown)
{
	struct strbuf id = STRBUF_INIT;
	for (uint32_t i = 0; i < m->build_id.count; i++)
		strbuf_addf(&id, "%02x", m->build_id.bytes[i]);
	json_string(j, "build_id", id.len ? id.text : NULL);
	strbuf_release(&id);
	json_string(j, "soname", m->file.soname);
	json_array(j, "needed");
	for (size_t i = 0; i < m->file.needed_count; i++)
		json_string(j, NULL, m->file.needed[i]);
	json_end_array(j);
	json_string(j, "rpath", m->file.flags & BINDINGS_RPATH ? m->file.runpath : NULL);
	json_string(j, "runpath", m->file.flags & BINDINGS_RPATH ? NULL : m->file.runpath);
	json_bool(j, "symbolic", m->file.flags & BINDINGS_SYMBOLIC);
	json_bool(j, "text_relocations", m->file.flags & BINDINGS_TEXTREL);
	json_bool(j, "executable_stack", m->marks & LINKED_EXECUTABLE_STACK);
	json_bool(j, "gives_rights", m->marks & LINKED_SETUID);
	put_tls(j, &m->tls);
	json_array(j, "allocators");
	for (size_t i = 0; i < m->found.count; i++)
		json_put_allocator(j, &m->found.items[i], NULL, shown,
				   shown_module(shown, m->path));
	json_end_array(j);
}

/* Of modules that are not to be shown there is an entry, too: others refer to it by its index. */
static void put_module(struct json *j, const struct linked *l, const struct linked_module *m,
		       const struct shown_names *shown)
{
	json_object(j, NULL);
	json_string(j, "path", m->path);
	json_string(j, "problem", m->problem);
	put_index(j, "wanted_by", m->wanted_by);
	json_string(j, "found_by", linked_found_key(m->found_by));
	json_uint(j, "namespace", m->space);
	linked_process_put_module(j, l, m);
	if (!m->problem)
		put_file(j, m, shown);
	json_array(j, "bindings");
	for (size_t i = 0; i < m->import_count; i++)
		if (shown_module(shown, m->path) &&
		    shown_symbol(shown, m->file.symbols[m->imports[i].symbol].name) &&
		    linked_is_told(l, m, &m->imports[i]))
			put_import(j, l, m, &m->imports[i]);
	json_end_array(j);
	json_end_object(j);
}

void linked_put_json(struct json *j, const struct linked *l, const struct shown_names *shown)
{
	json_object(j, NULL);
	json_string(j, "path", l->name);
	json_string(j, "origin",
		    l->origin == LINKED_FILES	? "files"
		    : l->origin == LINKED_TRACE ? "trace"
						: "process");
	if (l->pid)
		json_uint(j, "pid", (uint64_t)l->pid);
	else
		json_string(j, "pid", NULL);
	linked_process_put(j, l);
	json_string(j, "machine", survey_machine_name(l->machine));
	json_uint(j, "bits", l->bits);
	json_string(j, "interpreter", l->interpreter);
	json_bool(j, "interpreter_missing", l->lacks_interpreter);
	json_array(j, "modules");
	for (size_t i = 0; i < l->count; i++)
		put_module(j, l, &l->modules[i], shown);
	json_end_array(j);
	diagnosis_put_json(j, l);
	json_end_object(j);
}

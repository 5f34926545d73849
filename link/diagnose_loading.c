/* diagnose_loading.c - what keeps a program or a library from being loaded, or may. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "link/diagnose.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/strbuf.h"

/* ---- not found ---- */

static void not_found(struct diagnosing *d, size_t module)
{
	const struct linked_module *m = &d->linked->modules[module];
	struct strbuf what = STRBUF_INIT;
	bool is_absent = m->found_by == LINKED_NOT_FOUND;
	if (is_absent)
		strbuf_addf(&what, "%s is not found", m->path);
	else
		strbuf_addf(&what, "%s cannot be loaded: %s", m->path, m->problem);
	if (m->wanted_by < d->linked->count)
		strbuf_addf(&what, "; %s needs it", diagnose_name(d, m->wanted_by));
	struct diagnosis *is = diagnose_add(
		d, DIAGNOSIS_NOT_FOUND,
		/* What loads a library may have there what the library needs. */
		linked_is_program(d->linked) ? DIAGNOSIS_ERROR : DIAGNOSIS_WARNING,
		strbuf_detach(&what),
		is_absent
			? mem_printf("install it, or name its directory in LD_LIBRARY_PATH or in "
				     "the RUNPATH of %s",
				     diagnose_name(d, m->wanted_by < d->linked->count ? m->wanted_by
										      : 0))
			: mem_strdup("install the one for this machine"));
	diagnosis_add_module(is, module);
	if (m->wanted_by < d->linked->count)
		diagnosis_add_module(is, m->wanted_by);
}

/* ---- marks of files ---- */

static void add_marked(struct diagnosing *d, enum diagnosis_kind kind, const size_t *modules,
		       size_t count, const char *what, const char *fix)
{
	struct strbuf text = STRBUF_INIT;
	if (!count)
		return;
	diagnose_add_modules(&text, d, modules, count);
	strbuf_addf(&text, " %s", what);
	struct diagnosis *is =
		diagnose_add(d, kind, DIAGNOSIS_WARNING, strbuf_detach(&text), mem_strdup(fix));
	for (size_t i = 0; i < count; i++)
		diagnosis_add_module(is, modules[i]);
}

static void marks(struct diagnosing *d)
{
	const struct linked *l = d->linked;
	size_t *modules = mem_zalloc(l->count + 1, sizeof(*modules)), count = 0;
	for (size_t i = 0; i < l->count; i++)
		if (l->modules[i].file.flags & BINDINGS_TEXTREL)
			modules[count++] = i;
	add_marked(d, DIAGNOSIS_TEXT_RELOCATIONS, modules, count,
		   "has relocations in its code: it is writable while it is loaded, no two "
		   "processes share it, and SELinux and hardened kernels refuse it",
		   "compile it as position-independent code (-fPIC)");
	count = 0;
	for (size_t i = 0; i < l->count; i++)
		if (l->modules[i].marks & LINKED_EXECUTABLE_STACK)
			modules[count++] = i;
	add_marked(
		d, DIAGNOSIS_EXECUTABLE_STACK, modules, count,
		"wants an executable stack: every thread gets one, and glibc 2.41 and hardened "
		"kernels refuse to dlopen() such a library",
		"link it with -z noexecstack; its assembler files lack a .note.GNU-stack section");
	free(modules);
	if (l->count && l->modules[0].marks & LINKED_SETUID) {
		struct diagnosis *is = diagnose_add(
			d, DIAGNOSIS_SETUID, DIAGNOSIS_NOTE,
			mem_printf("%s is set-user-id or has capabilities: LD_PRELOAD by a path, "
				   "LD_LIBRARY_PATH and GLIBC_TUNABLES are ignored",
				   diagnose_name(d, 0)),
			NULL);
		diagnosis_add_module(is, 0);
	}
}

/* ---- a process ---- */

static char *difference(const struct diagnosing *d, size_t module,
			const struct linked_import *import)
{
	const struct linked *l = d->linked;
	struct strbuf out = STRBUF_INIT;
	strbuf_addf(&out, "%s of %s leads to ",
		    l->modules[module].file.symbols[import->symbol].name, diagnose_name(d, module));
	if (import->value_module < l->count)
		strbuf_addf(&out, "0x%" PRIx64 " in %s",
			    import->value - l->modules[import->value_module].bias,
			    diagnose_name(d, import->value_module));
	else
		strbuf_addf(&out, "0x%" PRIx64 ", which is in no module,", import->value);
	strbuf_adds(&out, " in the process; by the order of the search it would be ");
	if (import->binding.reason == BINDING_NOT_FOUND)
		strbuf_adds(&out, "nobody's");
	else
		strbuf_addf(&out, "%s's", diagnose_name(d, import->binding.module));
	return strbuf_detach(&out);
}

static void differences(struct diagnosing *d, size_t module)
{
	const struct linked_module *m = &d->linked->modules[module];
	for (size_t i = 0; i < m->import_count; i++) {
		const struct linked_import *import = &m->imports[i];
		const char *name = m->file.symbols[import->symbol].name;
		if (!import->differs)
			continue;
		struct diagnosis *is = diagnose_add(
			d, DIAGNOSIS_DIFFERS, DIAGNOSIS_WARNING, difference(d, module, import),
			mem_strdup("something has changed the slot (a hook, or a library that came "
				   "or went later)"));
		diagnosis_add_module(is, module);
		if (import->value_module < d->linked->count)
			diagnosis_add_module(is, import->value_module);
		diagnosis_add_symbol(is, name);
	}
}

void diagnose_loading(struct diagnosing *d)
{
	for (size_t i = 0; i < d->linked->count; i++) {
		/* A process has what it needs, wherever the file is now. */
		if (d->linked->modules[i].problem && d->linked->origin == LINKED_FILES)
			not_found(d, i);
		if (d->linked->origin == LINKED_PROCESS)
			differences(d, i);
	}
	marks(d);
}

/* called_names.c - see called_names.h.
 *
 * The runtime says which hook the release came by. The table of blocks has no room for the hook
 * that a block was made by: the calling instruction tells, if it calls one of the functions of that
 * allocator which do what the block was made by; else there is the role alone. */
#include "collect/called_names.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/atomics.h"
#include "elf/call_site.h"
#include "util/mem.h"
#include "wire/findings.h"
#include "wire/roles.h"

/* A copy, terminated; false: there is no name, or it is the role's. */
static bool read_name(const struct session_hook *hook, unsigned role,
		      char name[SESSION_HOOK_NAME_BYTES])
{
	memcpy(name, hook->name, SESSION_HOOK_NAME_BYTES);
	name[SESSION_HOOK_NAME_BYTES - 1] = '\0';
	return *name && strcmp(name, role_symbol(role)) != 0;
}

static char *released_by(const struct session *session, uint32_t hook, unsigned role)
{
	char name[SESSION_HOOK_NAME_BYTES];
	if (!hook || hook > SESSION_MAX_HOOKS || !read_name(&session->hooks[hook - 1], role, name))
		return NULL;
	return mem_strdup(name);
}

/* The hooks of the module whose allocator it is. */
struct candidates {
	const struct session_hook *first;
	uint32_t count;
	uint32_t module; /* of the session */
	unsigned role;
};

static bool find_candidates(struct whys *w, uint32_t process, const struct trace_finding *f,
			    struct candidates *out)
{
	const struct session *session = w->files.session;
	uint32_t module = whys_allocator_module(w, process, f->allocator);
	if (module >= SESSION_MAX_MODULES)
		return false;
	const struct session_module *m = &session->modules[module];
	uint32_t first = m->first_hook, count = m->hooks;
	if (at_load_acquire(&m->hooks_state) != HOOKS_READY || first >= SESSION_MAX_HOOKS ||
	    count > SESSION_MAX_HOOKS - first)
		return false;
	*out = (struct candidates){ &session->hooks[first], count, module, f->made_role };
	return true;
}

static bool is_meant(const struct candidates *c, const struct session_hook *hook,
		     const struct call_site *site, uint32_t caller)
{
	char name[SESSION_HOOK_NAME_BYTES];
	if (hook->role != c->role || !read_name(hook, c->role, name))
		return false;
	if (site->kind == CALL_SYMBOL)
		return strcmp(site->symbol, name) == 0;
	return site->kind == CALL_OWN && caller == c->module && !site->by_resolver &&
	       hook->plan.function == site->target;
}

static bool read_site(struct whys *w, uint32_t node, struct call_site *site, uint32_t *caller)
{
	struct trace_node n;
	struct elf_file file;
	if (node < NODE_FIRST || !tables_read_node(w->tables, node, &n) ||
	    n.module >= w->tables->module_count)
		return false;
	*caller = w->tables->modules[n.module];
	if (!binding_files_open(&w->files, *caller, &file))
		return false;
	/* The offset lies inside the calling instruction, before its last byte's end. */
	call_site_read(site, &file, n.offset + 1);
	elf_file_close(&file);
	return true;
}

static char *made_by(struct whys *w, uint32_t process, const struct trace_finding *f)
{
	struct candidates c;
	struct call_site site;
	uint32_t caller;
	char name[SESSION_HOOK_NAME_BYTES];
	if (w->refuses || !find_candidates(w, process, f, &c) ||
	    !read_site(w, f->made_stack, &site, &caller))
		return NULL;
	for (uint32_t i = 0; i < c.count; i++)
		if (is_meant(&c, &c.first[i], &site, caller) &&
		    read_name(&c.first[i], c.role, name))
			return mem_strdup(name);
	return NULL;
}

void called_names_find(struct whys *w, uint32_t process, uint32_t hook, struct trace_finding *f)
{
	f->call = released_by(w->files.session, hook, f->role);
	if (f->flags & FINDING_HAS_BLOCK)
		f->made_call = made_by(w, process, f);
}

/* binding_search.c - see binding_search.h.
 *
 * A *scope* is a list of modules that are searched one after the other. Every module has the global
 * one: all that was there at the start, and what RTLD_GLOBAL has added; and that of each opening
 * that brought it: what was opened and what that needs, breadth first. In another namespace the
 * first opening's stands for the global one. */
#include "elf/binding_search.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/path.h"

enum { LAST_BASE_VERSION = 2 };

struct scope {
	size_t *modules;
	size_t count;
	bool *has; /* by module */
};

static struct scope scope_new(const struct binding_process *p)
{
	return (struct scope){ mem_zalloc(p->count + 1, sizeof(size_t)), 0,
			       mem_zalloc(p->count + 1, sizeof(bool)) };
}

static void scope_release(struct scope *s)
{
	free(s->modules);
	free(s->has);
}

static void scope_add(struct scope *s, size_t module)
{
	if (s->has[module])
		return;
	s->has[module] = true;
	s->modules[s->count++] = module;
}

static bool is_called(const struct binding_module *m, const char *name)
{
	/* A path may be a relative one, and the module's is not: where it lies is not compared. */
	if (strchr(name, '/'))
		name = path_name(name);
	return strcmp(path_name(m->path), name) == 0 ||
	       (m->file && m->file->soname && strcmp(m->file->soname, name) == 0);
}

static void add_needed(struct scope *s, const struct binding_process *p, uint32_t space,
		       const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->modules[i].space == space && is_called(&p->modules[i], name)) {
			scope_add(s, i);
			return;
		}
}

/* What an opening brought: the module, what it needs, what that needs, ... */
static void add_opened(struct scope *s, const struct binding_process *p, size_t opened)
{
	size_t at = s->count;
	scope_add(s, opened);
	for (; at < s->count; at++) {
		const struct binding_module *m = &p->modules[s->modules[at]];
		for (size_t i = 0; m->file && i < m->file->needed_count; i++)
			add_needed(s, p, m->space, m->file->needed[i]);
	}
}

static bool is_opening(const struct binding_process *p, size_t i, uint32_t space)
{
	return p->modules[i].space == space && p->modules[i].flags & BINDING_OPENED;
}

static void add_global(struct scope *s, const struct binding_process *p, uint32_t space)
{
	bool first = space != 0;
	for (size_t i = 0; i < p->count; i++)
		if (p->modules[i].space == space && p->modules[i].flags & BINDING_STARTUP)
			scope_add(s, i);
	for (size_t i = 0; i < p->count; i++)
		if (is_opening(p, i, space) && (first || p->modules[i].flags & BINDING_GLOBAL)) {
			first = false;
			add_opened(s, p, i);
		}
}

/* ---- one definition ---- */

/* As glibc's check_match(): without a version the base one is meant, or the only one there is. */
static bool version_fits(const struct bindings *file, const struct binding_symbol *wanted,
			 const struct binding_symbol *s)
{
	if (!(file->flags & BINDINGS_VERSIONED))
		return true;
	if (wanted && wanted->version) {
		if (s->version)
			return strcmp(s->version, wanted->version) == 0;
		return !(s->flags & BINDING_OTHER_VERSION);
	}
	if (s->version_index <= LAST_BASE_VERSION)
		return true;
	return !(s->flags & BINDING_OTHER_VERSION);
}

static bool can_serve(const struct binding_symbol *s, bool for_call)
{
	if (s->flags & BINDING_LOCAL)
		return false;
	return s->flags & BINDING_DEFINED || (!for_call && s->flags & BINDING_HAS_ADDRESS);
}

static const struct binding_symbol *definition(const struct binding_module *m, const char *name,
					       const struct binding_symbol *wanted, bool for_call,
					       bool *other_version)
{
	const struct bindings *file = m->file;
	*other_version = false;
	for (size_t i = 0; file && i < file->symbol_count; i++) {
		const struct binding_symbol *s = &file->symbols[i];
		if (strcmp(s->name, name) != 0 || !can_serve(s, for_call))
			continue;
		if (m->flags & BINDING_MUSL ? !(s->flags & BINDING_OTHER_VERSION)
					    : version_fits(file, wanted, s))
			return s;
		*other_version = true;
	}
	return NULL;
}

/* ---- the search ---- */

struct search {
	const struct binding_process *process;
	size_t module;
	const char *name;
	const struct binding_symbol *wanted;
	bool for_call;
	struct binding found;
};

static bool try_module(struct search *s, size_t candidate, enum binding_reason reason)
{
	const struct binding_module *m = &s->process->modules[candidate];
	bool other_version = false;
	if (m->flags & BINDING_UNSEEN)
		return false;
	const struct binding_symbol *d =
		definition(m, s->name, s->wanted, s->for_call, &other_version);
	if (!d) {
		if (other_version && s->found.passed_over == SIZE_MAX)
			s->found.passed_over = candidate;
		return false;
	}
	s->found.reason = reason;
	s->found.module = candidate;
	s->found.symbol = d;
	return true;
}

/* Those behind the program that it does not need first are there by LD_PRELOAD. */
static bool is_preloaded(const struct binding_process *p, size_t candidate)
{
	const struct bindings *program = p->modules[0].file;
	if (p->modules[candidate].flags & BINDING_ORIGIN_KNOWN)
		return p->modules[candidate].flags & BINDING_PRELOADED;
	if (candidate == 0 || !program)
		return false;
	for (size_t i = 1; i <= candidate; i++)
		if (!(p->modules[i].flags & BINDING_STARTUP) ||
		    (program->needed_count && is_called(&p->modules[i], program->needed[0])))
			return false;
	return true;
}

static enum binding_reason global_reason(const struct search *s, size_t candidate)
{
	const struct binding_module *m = &s->process->modules[candidate];
	if (m->space)
		return BINDING_BY_SPACE;
	if (candidate == 0)
		return BINDING_BY_PROGRAM;
	if (!(m->flags & BINDING_STARTUP))
		return BINDING_BY_GLOBAL_OPEN;
	return is_preloaded(s->process, candidate) ? BINDING_BY_PRELOAD : BINDING_BY_NEEDED;
}

static bool search_global(struct search *s)
{
	struct scope scope = scope_new(s->process);
	bool found = false;
	add_global(&scope, s->process, s->process->modules[s->module].space);
	for (size_t i = 0; i < scope.count && !found; i++)
		found = try_module(s, scope.modules[i], global_reason(s, scope.modules[i]));
	scope_release(&scope);
	return found;
}

/* The openings that brought the module; deep: those with RTLD_DEEPBIND, or the others. */
static bool search_openings(struct search *s, bool deep)
{
	const struct binding_process *p = s->process;
	uint32_t space = p->modules[s->module].space;
	bool found = false;
	for (size_t i = 0; i < p->count && !found; i++) {
		if (!is_opening(p, i, space) || !(p->modules[i].flags & BINDING_DEEPBIND) != !deep)
			continue;
		struct scope scope = scope_new(p);
		add_opened(&scope, p, i);
		for (size_t k = 0; scope.has[s->module] && k < scope.count && !found; k++)
			found = try_module(s, scope.modules[k],
					   deep	   ? BINDING_BY_DEEPBIND
					   : space ? BINDING_BY_SPACE
						   : BINDING_BY_OPEN);
		scope_release(&scope);
	}
	return found;
}

/* The flags of an opening hold for what was loaded by it; what was there before keeps its own. */
static bool is_deep(const struct binding_process *p, size_t module)
{
	if (p->modules[module].flags & BINDING_STARTUP)
		return false;
	for (size_t i = module + 1; i-- > 0;)
		if (is_opening(p, i, p->modules[module].space))
			return p->modules[i].flags & BINDING_DEEPBIND;
	return false;
}

const struct binding_symbol *binding_symbol_of(const struct bindings *file, const char *name)
{
	const struct binding_symbol *defined = NULL;
	for (size_t i = 0; file && i < file->symbol_count; i++) {
		const struct binding_symbol *s = &file->symbols[i];
		if (strcmp(s->name, name) != 0)
			continue;
		if (!(s->flags & BINDING_DEFINED))
			return s;
		if (!defined || defined->flags & BINDING_OTHER_VERSION)
			defined = s;
	}
	return defined;
}

static bool search_scopes(struct search *s)
{
	const struct bindings *file = s->process->modules[s->module].file;
	const bool deep = is_deep(s->process, s->module);
	const bool musl = s->process->modules[s->module].flags & BINDING_MUSL;
	if (!musl && file && file->flags & BINDINGS_SYMBOLIC &&
	    try_module(s, s->module, BINDING_BY_SYMBOLIC))
		return true;
	return (deep && search_openings(s, true)) || search_global(s) ||
	       search_openings(s, false) || (!deep && search_openings(s, true));
}

/* Hidden, or protected - but the address of a protected function that others would get from this
 * module, too, is the program's stub if that has one, as in glibc's _dl_lookup_symbol_x(): all
 * shall see the same. */
static bool is_its_own(const struct search *s)
{
	struct search call = *s;
	if (!s->wanted || !(s->wanted->flags & BINDING_DEFINED))
		return false;
	if (s->wanted->flags & BINDING_LOCAL)
		return true;
	if (!(s->wanted->flags & BINDING_PROTECTED) ||
	    s->process->modules[s->module].flags & BINDING_MUSL)
		return false;
	call.for_call = true;
	return s->for_call || !search_scopes(&call) || call.found.module != s->module;
}

static bool search_all(struct search *s)
{
	const bool is_protected = s->wanted && s->wanted->flags & BINDING_PROTECTED;
	if (!is_its_own(s) && (!search_scopes(s) || s->found.module != s->module || !is_protected))
		return s->found.reason != BINDING_NOT_FOUND;
	s->found.reason = BINDING_BY_FILE;
	s->found.module = s->module;
	s->found.symbol = s->wanted;
	return true;
}

struct binding binding_search(const struct binding_process *process, size_t module,
			      const char *name, bool for_call)
{
	const struct bindings *file = process->modules[module].file;
	struct search s = { .process = process,
			    .module = module,
			    .name = name,
			    .wanted = binding_symbol_of(file, name),
			    .for_call = for_call,
			    .found = { .reason = BINDING_NOT_FOUND, .passed_over = SIZE_MAX } };
	bool other_version;
	if (search_all(&s))
		s.found.has_own =
			s.found.module != module &&
			definition(&process->modules[module], name, NULL, true, &other_version);
	return s.found;
}

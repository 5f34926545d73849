/* module_hooks.c - see module_hooks.h. */
#include "collect/module_hooks.h"

#include <elf.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/atomics.h"
#include "collect/scanner.h"
#include "elf/allocators.h"
#include "elf/function_set.h"
#include "elf/hook_plan.h"
#include "elf/user_families.h"
#include "symbol/module_files.h"
#include "util/mem.h"
#include "wire/roles.h"

struct function_kind {
	const char *name;
	uint8_t role;
	const char *arguments;
};

static const struct function_kind kinds[] = {
#define FUNCTION(name, role, arguments) { name, ROLE_##role, arguments },
#include "wire/functions.def"
#undef FUNCTION
};

/* What is no allocator's: the dynamic linker's function that it calls whenever it has changed what
 * is loaded, those by which a program gets at functions past the runtime's, those that map memory,
 * and those by which a process ends. */
static const struct {
	const char *name;
	uint8_t flag, role;
} others[] = {
	{ "_dl_debug_state", SESSION_HOOK_LOADER, 0 },
	{ "dlopen", SESSION_HOOK_OPENS, 0 },
	{ "dlsym", SESSION_HOOK_OPENS, 0 },
	{ "dlvsym", SESSION_HOOK_OPENS, 0 },
	{ "mmap", SESSION_HOOK_MAPS, ROLE_MMAP },
	{ "munmap", SESSION_HOOK_MAPS, ROLE_MUNMAP },
	{ "mremap", SESSION_HOOK_MAPS, ROLE_MREMAP },
	{ "sbrk", SESSION_HOOK_MAPS, ROLE_SBRK },
	{ "exit", SESSION_HOOK_ENDS, SESSION_ENDING_BEGINS },
	{ "quick_exit", SESSION_HOOK_ENDS, SESSION_ENDING_BEGINS },
	{ "_exit", SESSION_HOOK_ENDS, SESSION_ENDING_NOW },
	{ "execve", SESSION_HOOK_ENDS, SESSION_ENDING_EXEC },
	{ "execveat", SESSION_HOOK_ENDS, SESSION_ENDING_EXEC_AT },
	{ "fexecve", SESSION_HOOK_ENDS, SESSION_ENDING_EXEC_FILE },
};

static const struct function_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < AT_COUNT_OF(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static const char *without_prefix(const char *name, const char *prefix)
{
	size_t bytes = strlen(prefix);
	return strncmp(name, prefix, bytes) == 0 ? name + bytes : name;
}

/* The table is in memory that programs can overwrite: it is written here, and not read. */
static struct session_hook *hook_at(const struct module_hooks *m, uint32_t index)
{
	return &m->session->hooks[index];
}

/* One file while its hooks are planned. */
struct planning {
	struct module_hooks *m;
	const struct elf_file *file;
	uint32_t module; /* of the session */
	struct hook_planner *planner; /* made when it is needed */
	uint64_t planned[SESSION_MAX_HOOKS_A_MODULE]; /* addresses */
	uint32_t count;
};

static bool is_planned(const struct planning *p, uint64_t address)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (p->planned[i] == address)
			return true;
	return false;
}

static void add_hook(struct planning *p, const struct session_hook *like, const char *name,
		     uint64_t address)
{
	if (p->m->count >= SESSION_MAX_HOOKS || p->count >= SESSION_MAX_HOOKS_A_MODULE ||
	    is_planned(p, address))
		return;
	struct session_hook hook = *like;
	snprintf(hook.name, sizeof(hook.name), "%s", name);
	if (!p->planner)
		p->planner = hook_planner_new(p->file);
	hook_plan_make(p->planner, address, &hook.plan);
	struct module_hooks *m = p->m;
	m->planned = mem_grow(m->planned, &m->planned_cap, m->count + 1, sizeof(*m->planned));
	m->planned[m->count] = (struct planned_hook){ address, p->module, hook.plan.reason };
	*hook_at(m, m->count++) = hook;
	p->planned[p->count++] = address;
}

static bool find_user_kind(const struct planning *p, const struct allocator *a, const char *name,
			   struct function_kind *kind)
{
	const struct user_function *f = user_families_function(p->m->families, a->name, name);
	if (f)
		*kind = (struct function_kind){ f->name, f->role, f->arguments };
	return f != NULL;
}

static bool find_kind_of(const struct planning *p, const struct allocator *a, const char *name,
			 struct function_kind *kind)
{
	if (a->family == FAMILY_USER)
		return find_user_kind(p, a, name, kind);
	const struct function_kind *known = find_kind(name);
	if (!known)
		known = find_kind(without_prefix(name, a->prefix));
	if (known)
		*kind = *known;
	return known != NULL;
}

/* Aliases are one function. */
static void add_allocator(struct planning *p, const struct allocator *a, unsigned number)
{
	for (size_t i = 0; i < a->function_count; i++) {
		const struct allocator_function *f = &a->functions[i];
		struct function_kind kind;
		if (!find_kind_of(p, a, f->name, &kind))
			continue;
		struct session_hook like = { .family = (uint8_t)a->family,
					     .number = (uint8_t)number,
					     .role = kind.role,
					     .flags = a->linkage == ALLOCATOR_SHARED
							      ? SESSION_HOOK_OWN_FILE : 0 };
		snprintf(like.arguments, sizeof(like.arguments), "%s", kind.arguments);
		snprintf(like.version, sizeof(like.version), "%s",
			 a->family == FAMILY_USER ? a->name : a->version);
		add_hook(p, &like, f->name, f->address);
	}
}

/* Not what hands on to others. */
static bool is_wanted(const struct allocator *a)
{
	return !a->layer && a->family != FAMILY_MUSL && a->family != FAMILY_SANITIZER;
}

static bool other_is_wanted(const struct planning *p, uint8_t flag, bool libc)
{
	if (flag == SESSION_HOOK_ENDS)
		return libc && p->m->session->header->leak_points;
	return libc || flag != SESSION_HOOK_MAPS;
}

/* Only where the dynamic linker's own functions are: others may have functions of these names. */
static void add_others(struct planning *p, const struct function_set *functions)
{
	bool libc = function_set_find(functions, "", "gnu_get_libc_version") != NULL;
	if (!libc && !function_set_find(functions, "", "_dl_debug_state"))
		return;
	for (size_t i = 0; i < AT_COUNT_OF(others); i++) {
		const struct function *f = function_set_find(functions, "", others[i].name);
		const struct session_hook like = { .flags = others[i].flag, .role = others[i].role };
		if (f && other_is_wanted(p, others[i].flag, libc))
			add_hook(p, &like, others[i].name, f->address);
	}
}

/* libc is in every process; which one it is does not have to be known yet. */
static bool has_wanted(const struct allocators *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (is_wanted(&found->items[i]) && found->items[i].family != FAMILY_GLIBC)
			return true;
	return false;
}

/* Of libc's data the allocator's are the smallest part. */
static void tell_scanner(struct module_hooks *m, const struct allocator *a, const char *path)
{
	if (m->scanner && a->linkage == ALLOCATOR_SHARED && a->family != FAMILY_GLIBC)
		scanner_note_allocator(m->scanner, path);
}

static void plan_file(struct module_hooks *m, uint32_t module, const struct elf_file *file,
		      const char *path)
{
	struct function_set functions = FUNCTION_SET_INIT;
	struct allocators found;
	function_set_add(&functions, file->elf, SHT_DYNSYM);
	function_set_add(&functions, file->elf, SHT_SYMTAB);
	allocators_find_by_symbols(file, path, &functions, &found);
	if (has_wanted(&found))
		allocators_add_versions(&found, file, &functions);
	size_t known = found.count;
	if (m->families)
		user_families_find(m->families, &functions, &found);
	struct planning p = { .m = m, .file = file, .module = module };
	/* What the user says of a function holds, whatever else it may be. */
	for (size_t i = known; i < found.count; i++)
		add_allocator(&p, &found.items[i], (unsigned)i);
	for (size_t i = 0; i < known; i++)
		if (is_wanted(&found.items[i])) {
			add_allocator(&p, &found.items[i], (unsigned)i);
			tell_scanner(m, &found.items[i], path);
		}
	add_others(&p, &functions);
	hook_planner_free(p.planner);
	allocators_release(&found);
	function_set_release(&functions);
}

static void plan_module(struct module_hooks *m, uint32_t index, const struct trace_module *module)
{
	struct elf_file file;
	if (module->anonymous_process_plus_1 || module->path[0] != '/' ||
	    elf_file_open(&file, module->path, NULL) < 0)
		return;
	if (module_file_is_same(file.elf, module))
		plan_file(m, index, &file, module->path);
	elf_file_close(&file);
}

static void give_answer(struct module_hooks *m, uint32_t *question)
{
	at_store_release(question, (uint32_t)HOOKS_READY);
	at_add_relaxed(&m->session->header->plans_wanted, (uint32_t)-1);
	syscall(SYS_futex, question, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void answer(struct module_hooks *m, uint32_t index)
{
	struct session_module *shared = &m->session->modules[index], copy;
	struct trace_module module;
	uint32_t first = m->count;
	if (!m->refuses && tables_read_module(m->tables, index, &copy, &module))
		plan_module(m, index, &module);
	shared->first_hook = first;
	shared->hooks = m->count - first;
	give_answer(m, &shared->hooks_state);
}

/* Hidden is one alone, and stripped. What hands on to malloc has no heap, but operators new and delete of
 * the module's own may have one. */
static enum session_carried judge_carried(const struct allocators *found,
					  const struct allocator **hidden)
{
	size_t heaps = 0;
	bool operators = false;
	*hidden = NULL;
	for (size_t i = 0; i < found->count; i++) {
		const struct allocator *a = &found->items[i];
		operators |= a->family == FAMILY_OPERATORS;
		heaps += !a->layer;
		if (!a->layer && a->linkage == ALLOCATOR_STRIPPED)
			*hidden = a;
	}
	if (heaps == 1 && *hidden)
		return CARRIED_HIDDEN;
	return heaps || operators ? CARRIED_SEEN : CARRIED_NOTHING;
}

static enum session_carried find_carried(const struct elf_file *file, const char *path,
					 struct session_module *shared)
{
	struct allocators found;
	const struct allocator *hidden;
	struct allocator_finder *finder = allocator_finder_new();
	allocators_find(finder, file, path, &found);
	enum session_carried carried = judge_carried(&found, &hidden);
	if (hidden) {
		size_t bytes = strnlen(hidden->version, sizeof(shared->carried_version) - 1);
		shared->carried_family = (uint8_t)hidden->family;
		memcpy(shared->carried_version, hidden->version, bytes);
	}
	allocators_release(&found);
	allocator_finder_free(finder);
	return carried;
}

/* Which allocator nobody finds in the module; rarely asked for. */
static void answer_carried(struct module_hooks *m, uint32_t index)
{
	struct session_module *shared = &m->session->modules[index], copy;
	struct trace_module module;
	struct elf_file file;
	enum session_carried carried = CARRIED_UNKNOWN;
	if (!m->refuses && tables_read_module(m->tables, index, &copy, &module) &&
	    !module.anonymous_process_plus_1 && module.path[0] == '/' &&
	    elf_file_open(&file, module.path, NULL) >= 0) {
		if (module_file_is_same(file.elf, &module))
			carried = find_carried(&file, module.path, shared);
		elf_file_close(&file);
	}
	shared->carried = (uint8_t)carried;
	give_answer(m, &shared->carried_state);
}

void module_hooks_answer(struct module_hooks *m)
{
	struct session *s = m->session;
	uint32_t count = at_load_acquire(&s->header->module_count);
	for (uint32_t i = 0; i < count && i < SESSION_MAX_MODULES; i++)
		if (at_load_acquire(&s->modules[i].hooks_state) == HOOKS_WANTED)
			answer(m, i);
	for (uint32_t i = 0; i < count && i < SESSION_MAX_MODULES; i++)
		if (at_load_acquire(&s->modules[i].carried_state) == HOOKS_WANTED)
			answer_carried(m, i);
}

uint64_t module_hooks_outcomes(const struct module_hooks *m, uint32_t module, uint64_t address)
{
	const uint64_t known = hook_outcome(PLAN_REASONS) - 1;
	for (uint32_t i = 0; i < m->count; i++) {
		const struct planned_hook *p = &m->planned[i];
		if (p->module != module || p->address != address)
			continue;
		uint64_t theirs = at_load_relaxed(&hook_at(m, i)->outcomes) & known;
		return p->reason == PLAN_NONE ? theirs : hook_outcome(p->reason);
	}
	return 0;
}

void module_hooks_release(struct module_hooks *m)
{
	free(m->planned);
}

/* doubt.c - see doubt.h. */
#include "lib/doubt.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <sys/auxv.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "lib/elf_symbols.h"
#include "lib/judge.h"
#include "lib/modules.h"
#include "lib/participant.h"
#include "lib/points.h"
#include "lib/real.h"

enum {
	SURVEYS_AT_FIRST = 32,
	STUB_BYTES = 16,
	ANSWER_BITS = 6,
};

static bool is_heap_role(unsigned role)
{
	return role <= ROLE_FREE_ALIGNED_SIZED;
}

static bool is_operator(unsigned role)
{
	return role >= ROLE_NEW && role <= ROLE_DELETE_ARRAY_SIZED_ALIGNED;
}

/* The runtime's own functions, by role. */
static uintptr_t hooks[ROLE_COUNT];

static void find_hooks(void)
{
	if (at_load_acquire(&hooks[ROLE_MALLOC]))
		return;
	const struct link_map *own = elf_own_module();
	for (unsigned role = ROLE_COUNT; own && role-- > 0;)
		at_store_release(&hooks[role], (uintptr_t)elf_symbol_in(own, role_symbol(role)));
}

/* ---- what the modules bring and call ---- */

/* Of one module. */
enum module_fact {
	CALLS_PAST_HOOKS = 1,   /* malloc and its like, or functions that only the allocator has */
	BINDS_OPERATORS = 2,    /* operators new or delete, whoever's */
	BINDS_OWN_OPERATORS = 4, /* not the hooks */
	IS_CXX = 8,
	MAY_BIND_LATER = 16,    /* lazily: what to, is not known yet */
};

struct look {
	const struct link_map *map;
	struct module_range range;
	const struct link_map *allocator; /* NULL: libc's */
	struct module_range allocator_range;
	unsigned facts;
};

static bool in_range(const struct module_range *r, uintptr_t address)
{
	return address >= r->start && address < r->end;
}

static unsigned role_of(const char *name)
{
	unsigned role = 0;
	while (role < ROLE_COUNT && __builtin_strcmp(role_symbol(role), name) != 0)
		role++;
	return role;
}

/* libc's other names for its functions; they are not interposed. */
static bool is_libc_alias(const char *name)
{
	static const char prefix[] = "__libc_";
	if (__builtin_strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return false;
	return is_heap_role(role_of(name + sizeof(prefix) - 1));
}

/* A function of the allocator's that is none of malloc's family, and not hooked where it begins: mallocx,
 * mi_malloc, ... Templates that its C++ library and others have too may come from any of them. */
static bool is_of_allocator(const struct look *look, const struct elf_import *import, unsigned role)
{
	const char *name = import->name;
	if (!look->allocator || import->is_own || role < ROLE_COUNT ||
	    __builtin_strncmp(name, "_Z", 2) == 0)
		return false;
	if (__builtin_strncmp(name, "mall", 4) == 0 && __builtin_strcmp(name, "mallocx") != 0)
		return false; /* mallopt, mallinfo, mallctl, malloc_stats, ... */
	uintptr_t function = 0;
	if (in_range(&look->allocator_range, import->value))
		function = import->value;
	else if (in_range(&look->range, import->value)) /* bound lazily */
		function = (uintptr_t)elf_symbol_in(look->allocator, name);
	return function && !points_have(function);
}

static bool is_bound_lazily(const struct look *look, const struct elf_import *import)
{
	return !import->is_own && in_range(&look->range, import->value);
}

/* Where a stub of the linkage table goes on to: `jmp *slot(%rip)`, perhaps marked as a target. */
static uintptr_t follow_stub(uintptr_t address)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	struct module_range range;
	const uint8_t *code = (const uint8_t *)address;
	int32_t offset;
	if (!modules_map(address, &range) || address + STUB_BYTES > range.end)
		return 0;
	if (__builtin_memcmp(code, endbr64, sizeof(endbr64)) == 0)
		code += sizeof(endbr64);
	if (*code == 0xf2) /* bnd */
		code++;
	if (code[0] != 0xff || code[1] != 0x25)
		return 0;
	__builtin_memcpy(&offset, code + 2, sizeof(offset));
	uintptr_t slot = (uintptr_t)code + 6 + (uintptr_t)(intptr_t)offset;
	return slot >= range.start && slot + 8 <= range.end ? *(const uintptr_t *)slot : 0;
}

static bool is_hook(uintptr_t function, unsigned role)
{
	return function == hooks[role] || points_have(function);
}

/* Where a program that is not position-independent takes a function's address, that of its stub is the
 * function's for all modules. */
static unsigned facts_of_target(uintptr_t value, unsigned role)
{
	struct module_range range;
	if (is_hook(value, role))
		return 0;
	uintptr_t through = follow_stub(value);
	if (through && is_hook(through, role))
		return 0;
	if (through && modules_map(value, &range) && in_range(&range, through))
		return MAY_BIND_LATER;
	return is_operator(role) ? BINDS_OWN_OPERATORS : CALLS_PAST_HOOKS;
}

static void look_at_import(const struct elf_import *import, void *context)
{
	struct look *look = context;
	unsigned role = role_of(import->name);
	if (import->name[0] == '_' && import->name[1] == 'Z' && !is_operator(role))
		look->facts |= IS_CXX;
	if (is_operator(role))
		look->facts |= BINDS_OPERATORS;
	if (!is_heap_role(role) && !is_operator(role)) {
		if (is_libc_alias(import->name) || is_of_allocator(look, import, role))
			look->facts |= CALLS_PAST_HOOKS;
	} else if (is_bound_lazily(look, import)) {
		look->facts |= MAY_BIND_LATER;
	} else if (import->value) {
		look->facts |= facts_of_target(import->value, role);
	}
}

/* The module that serves malloc, if it is not libc. */
static void find_allocator(struct look *look)
{
	uintptr_t function = (uintptr_t)at_load_relaxed(&real_addresses[ROLE_MALLOC]);
	const struct link_map *map = modules_map(function, &look->allocator_range);
	look->allocator = map && !elf_symbol_in(map, "gnu_get_libc_version") ? map : NULL;
}

static unsigned look_at(const struct link_map *map)
{
	struct look look = { .map = map };
	find_allocator(&look);
	if (modules_map((uintptr_t)map->l_ld, &look.range) == map)
		elf_each_import(map, look_at_import, &look);
	return look.facts;
}

/* ---- the process ---- */

/* Facts that hold for good once they do: the blocks stay when the module goes. */
static uint32_t process_facts;

enum process_fact {
	PAST_HOOKS = 1,	   /* a module calls past the hooks */
	OWN_OPERATORS = 2, /* a module has operators of its own, or may have */
	LOOKED_UP = 4,	   /* the program has an allocator's function from dlsym() */
	PASSED_BY = 8,	   /* the C++ library's may be called where the hooks do not come first */
};

/* Nothing in the names tells a program that has its C++ library inside and shows nothing of it. But
 * whoever has operator new has the name of the exception that it throws. */
static bool holds_bad_alloc(const struct link_map *map)
{
	static const char name[] = "\0St9bad_alloc";
	const uint8_t *low, *high;
	for (unsigned i = 0; modules_read_only(map, i, &low, &high); i++) {
		while (low && high - low >= (ptrdiff_t)sizeof(name)) {
			low = __builtin_memchr(low, 'S', (size_t)(high - low) - sizeof(name) + 1);
			if (!low)
				break;
			if (__builtin_memcmp(low, name + 1, sizeof(name) - 1) == 0 && low[-1] == 0)
				return true;
			low++;
		}
	}
	return false;
}

static bool defines_operators(const struct link_map *map)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		if (is_operator(role) && elf_symbol_in(map, role_symbol(role)))
			return true;
	return false;
}

/* May its code have operators of its own that the linker does not show? */
static bool hides_operators(const struct link_map *map, unsigned facts)
{
	return !(facts & BINDS_OPERATORS) && (facts & IS_CXX || holds_bad_alloc(map));
}

/* The C++ library defines them for others; the main program's are before the hooks. */
static bool is_cxx_library(const struct link_map *map)
{
	return map != elf_first_module() && elf_symbol_in(map, "_ZTISt9bad_alloc");
}

static bool is_exempt(const struct link_map *map)
{
	static const enum role serving[] = { ROLE_MALLOC, ROLE_NEW, ROLE_FREE };
	if (map == elf_own_module() || elf_symbol_in(map, "gnu_get_libc_version") ||
	    map->l_addr == getauxval(AT_BASE))
		return true;
	for (unsigned i = 0; i < AT_COUNT_OF(serving); i++) {
		struct module_range range;
		uintptr_t f = (uintptr_t)at_load_relaxed(&real_addresses[serving[i]]);
		if (f && modules_map(f, &range) == map && (i != 1 || is_cxx_library(map)))
			return true;
	}
	return false;
}

struct survey {
	uint32_t found; /* enum process_fact */
	bool again;	/* a module may show something else later */
};

static void survey_module(const struct link_map *map, void *context)
{
	struct survey *survey = context;
	if (is_exempt(map))
		return;
	unsigned facts = look_at(map);
	if (facts & CALLS_PAST_HOOKS)
		survey->found |= PAST_HOOKS;
	if (facts & MAY_BIND_LATER)
		survey->again = true;
	if (facts & BINDS_OWN_OPERATORS || hides_operators(map, facts) ||
	    (defines_operators(map) && !is_cxx_library(map)))
		survey->found |= OWN_OPERATORS;
}

/* Looks again when modules were loaded; and for lazily bound ones often at first, then ever more
 * rarely: a program may do the same wrong thing a million times. */
static uint32_t survey_process(uint64_t loads)
{
	static uint64_t seen_loads, times;
	static bool again;
	uint64_t time = at_add_relaxed(&times, UINT64_C(1));
	bool is_due = time < SURVEYS_AT_FIRST || (time & (time - 1)) == 0;
	if (loads == at_load_relaxed(&seen_loads) && !(at_load_relaxed(&again) && is_due))
		return at_load_relaxed(&process_facts);
	struct survey survey = { .found = 0 };
	find_hooks();
	modules_each(survey_module, &survey);
	at_or_relaxed(&process_facts, survey.found);
	at_store_relaxed(&again, survey.again);
	at_store_relaxed(&seen_loads, loads);
	return at_load_relaxed(&process_facts);
}

/* ---- one call ---- */

/* Did the instruction before `after` call the hook, or something that jumped there? No is not certain:
 * calls through a register are not followed. */
static bool calls_hook(uintptr_t after, uintptr_t hook)
{
	struct module_range range;
	const uint8_t *code = (const uint8_t *)after;
	int32_t offset;
	if (!modules_map(after, &range) || after < range.start + 6)
		return false;
	__builtin_memcpy(&offset, code - 4, sizeof(offset));
	uintptr_t target = after + (uintptr_t)(intptr_t)offset;
	if (code[-6] == 0xff && code[-5] == 0x15 && target >= range.start && target + 8 <= range.end &&
	    *(const uintptr_t *)target == hook)
		return true;
	return code[-5] == 0xe8 && (target == hook || follow_stub(target) == hook);
}

/* May the code before `after` have called an operator of the program's own, where the hook saw the
 * function that this operator calls? */
static bool may_be_own_operator(uintptr_t after, unsigned role, uint32_t facts)
{
	struct module_range range;
	const struct link_map *map = modules_map(after, &range);
	if (!map)
		return true; /* it is gone, or was not noted while paused */
	/* Operators of the C++ library, called as its own, are seen as what they call. */
	if (!calls_hook(after, hooks[role]))
		return facts & (OWN_OPERATORS | PASSED_BY);
	return defines_operators(map) ||
	       (facts & OWN_OPERATORS && hides_operators(map, look_at(map)));
}

/* Behind the call that made the block; 0 if that code is not loaded any more. */
static uintptr_t made_after(uint32_t stack)
{
	const struct session_node *node = &session.nodes[stack];
	for (uint32_t i = MODULE_ANONYMOUS + 1; stack >= NODE_FIRST && i < modules_count(); i++)
		if (modules[i].id == node->module && !at_load_relaxed(&modules[i].gone))
			return modules[i].bias + node->offset + 1;
	return 0;
}

static bool may_be_own(const struct finding *f, uintptr_t caller, uint32_t facts)
{
	return may_be_own_operator(caller, f->role, facts) ||
	       may_be_own_operator(made_after(f->made_stack), f->made_role, facts);
}

/* The same calls go wrong again and again: the last answers, each a hash of the question whose lowest bit
 * is the answer. */
static bool may_be_own_cached(const struct finding *f, uintptr_t caller, uint32_t facts,
			      uint64_t loads)
{
	static uint64_t answers[1 << ANSWER_BITS];
	uint64_t calls = hash_pair(caller, f->made_stack);
	uint64_t state = hash_pair(loads << 8 | facts, (uint64_t)modules_epoch << 16 |
							       (uint64_t)f->role << 8 | f->made_role);
	uint64_t question = hash_pair(calls, state) & ~UINT64_C(1);
	uint64_t *entry = &answers[question >> (64 - ANSWER_BITS)], known = at_load_relaxed(entry);
	if ((known & ~UINT64_C(1)) == question && question)
		return known & 1;
	bool answer = may_be_own(f, caller, facts);
	at_store_relaxed(entry, question | answer);
	return answer;
}

bool doubt_finding(const struct finding *f, uintptr_t caller)
{
	/* Whose a live block is, its allocator's own functions have told. */
	if (!(f->flags & FINDING_HAS_BLOCK) || f->class == FINDING_CROSS || f->class == FINDING_GONE)
		return false;
	if (!points_see_whole(f->allocator))
		return true;
	uint64_t loads = modules_loads();
	uint32_t facts = survey_process(loads) | (points_are_passed() ? PASSED_BY : 0);
	/* What is unloaded is not surveyed any more, and may have made what is released now, or have been
	 * called and jumped on to malloc. */
	if (at_load_relaxed(&modules_epoch) != MODULES_FIRST_EPOCH)
		facts |= OWN_OPERATORS;
	if (facts & PAST_HOOKS || (facts & LOOKED_UP && session.company == SESSION_ALONE))
		return true;
	if (f->class != FINDING_MISMATCH && f->class != FINDING_ALIGNMENT && f->class != FINDING_SIZE)
		return false;
	return may_be_own_cached(f, caller, facts, loads);
}

/* ---- dlsym ---- */

/* There the hooks are found. */
static bool is_of_all(const void *handle)
{
	return handle == RTLD_DEFAULT || handle == RTLD_NEXT || handle == elf_first_module();
}

static bool is_backend_own(const char *name, unsigned role)
{
	struct look look = { .facts = 0 };
	if (!at_load_relaxed(&real_addresses[ROLE_MALLOC]))
		return false;
	find_allocator(&look);
	if (!look.allocator)
		return false;
	struct elf_import import = { .name = name,
				     .value = (uintptr_t)elf_symbol_in(look.allocator, name) };
	return is_of_allocator(&look, &import, role);
}

void doubt_symbol(const void *handle, const char *name)
{
	unsigned role = role_of(name);
	bool is_hooked = is_heap_role(role) || is_operator(role);
	if (is_hooked ? !is_of_all(handle) : is_libc_alias(name) || is_backend_own(name, role))
		at_or_relaxed(&process_facts, (uint32_t)LOOKED_UP);
}

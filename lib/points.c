/* points.c - see points.h. */
#include "lib/points.h"

#include <linux/futex.h>
#include <sys/auxv.h>
#include <time.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/hooks_inline.h"
#include "lib/leak_point.h"
#include "lib/lock.h"
#include "lib/modules.h"
#include "lib/participant.h"
#include "lib/real.h"
#include "lib/split.h"
#include "lib/sys.h"
#include "wire/families.h"

enum {
	POINTS_MAX = 2048,
	INSTANCES_MAX = 128,
	ANSWER_SLICE_MS = 100,
	ANSWER_SLICES = 100, /* 10 s: a collector that is alive answers in some ms */
};

static struct point points[POINTS_MAX];
static uint32_t point_count;
static struct instance instances[INSTANCES_MAX];
static uint32_t instance_count;
static struct inline_memory near_memory;
static uint32_t modules_done; /* entries of `modules` that have been looked at */

/* ---- asking the tool ---- */

/* One of the questions about a module, by its state. */
static void ask(uint32_t *question)
{
	uint32_t state = HOOKS_UNKNOWN;
	if (at_load_relaxed(question) != HOOKS_UNKNOWN ||
	    !at_cas_acq_rel(question, &state, (uint32_t)HOOKS_WANTED))
		return;
	at_add_relaxed(&session.header->plans_wanted, 1u);
	session_wake_collector();
}

static bool answered(uint32_t *question)
{
	const struct timespec slice = { 0, ANSWER_SLICE_MS * 1000000L };
	for (unsigned i = 0; i < ANSWER_SLICES; i++) {
		if (at_load_acquire(question) == HOOKS_READY)
			return true;
		if (at_load_relaxed(&session.header->state) == SESSION_ENDED ||
		    sys_is_restricted() || session_lost_collector())
			return false;
		session_wake_collector();
		sys_call4(SYS_futex, question, FUTEX_WAIT, HOOKS_WANTED, &slice);
	}
	return false;
}

/* ---- instances ---- */

static char *append(char *at, const char *end, const char *text)
{
	while (*text && at < end - 1)
		*at++ = *text++;
	*at = '\0';
	return at;
}

static const char *file_name(const struct module *m)
{
	const char *path = session.modules[m->id].path, *name = path;
	for (const char *p = path; *p; p++)
		if (*p == '/')
			name = p + 1;
	return name;
}

/* "jemalloc 5.3.0 in libplug.so" */
static void name_instance(struct instance *i, const struct session_hook *hook)
{
	const char *end = i->name + sizeof(i->name);
	bool by_user = hook->family == FAMILY_USER;
	char *at = append(i->name, end, by_user ? hook->version : family_name(hook->family));
	if (hook->version[0] && !by_user)
		at = append(append(at, end, " "), end, hook->version);
	append(append(at, end, " in "), end, file_name(&modules[i->module]));
}

static bool begins_with(const char *text, const char *start)
{
	while (*start && *text == *start)
		text++, start++;
	return !*start;
}

/* Does the allocator serve the program's own malloc, itself or through a library that hands on to
 * it? */
static bool is_backend(const struct module *m, const struct session_hook *hook)
{
	bool ignored;
	uintptr_t f = (uintptr_t)at_load_relaxed(&real_addresses[ROLE_MALLOC]);
	if (hook->family == FAMILY_USER)
		return false;
	if (f >= m->start && f < m->end)
		return true;
	uint32_t serving = modules_find(f, &ignored);
	return hook->family == FAMILY_TBBMALLOC && hook->flags & SESSION_HOOK_OWN_FILE &&
	       serving != MODULE_ANONYMOUS &&
	       begins_with(file_name(&modules[serving]), family_library(FAMILY_TBBPROXY));
}

static struct instance *find_instance(uint32_t module, const struct session_hook *hook)
{
	for (uint32_t i = 0; i < instance_count; i++)
		if (instances[i].module == module && instances[i].number == hook->number &&
		    !instances[i].outer)
			return &instances[i];
	if (instance_count == INSTANCES_MAX)
		return NULL;
	struct instance *fresh = &instances[instance_count];
	*fresh = (struct instance){ .module = module,
				    .number = hook->number,
				    .is_by_user = hook->family == FAMILY_USER,
				    .is_libc = hook->family == FAMILY_GLIBC ||
					       hook->family == FAMILY_MUSL,
				    .own_file = hook->flags & SESSION_HOOK_OWN_FILE &&
						hook->family != FAMILY_GLIBC &&
						hook->family != FAMILY_MUSL,
				    .is_seen_whole = hook->family != FAMILY_OWN &&
						     hook->family != FAMILY_MOZJEMALLOC };
	name_instance(fresh, hook);
	if (!is_backend(&modules[module], hook)) {
		fresh->allocator = at_add_relaxed(&session.header->allocator_count, 1u);
		if (fresh->allocator > UINT16_MAX)
			return NULL;
	}
	at_store_release(&instance_count, instance_count + 1);
	return fresh;
}

struct instance *points_unannounced(uint32_t allocator)
{
	uint32_t count = at_load_acquire(&instance_count);
	for (uint32_t i = 0; i < count && allocator != 0; i++) {
		bool known = false;
		if (instances[i].allocator == allocator && !at_load_relaxed(&instances[i].announced) &&
		    at_cas_acq_rel(&instances[i].announced, &known, true))
			return &instances[i];
	}
	return NULL;
}

bool points_serve_malloc(uint32_t module)
{
	uint32_t count = at_load_acquire(&instance_count);
	for (uint32_t i = 0; i < count; i++)
		if (instances[i].module == module && instances[i].allocator == 0 &&
		    instances[i].is_seen_whole)
			return true;
	return false;
}

bool points_have(uintptr_t function)
{
	uint32_t count = at_load_acquire(&point_count);
	for (uint32_t i = 0; i < count; i++)
		if (points[i].function == function)
			return true;
	return false;
}

struct instance *points_instance_of(uintptr_t function)
{
	uint32_t count = at_load_acquire(&point_count);
	for (uint32_t i = 0; i < count; i++)
		if (points[i].function == function && points[i].instance)
			return points[i].instance;
	return NULL;
}

uint32_t points_libc(void)
{
	uintptr_t in_libc = (uintptr_t)getauxval;
	uint32_t count = at_load_acquire(&instance_count);
	for (uint32_t i = 0; i < count; i++) {
		const struct module *m = &modules[instances[i].module];
		if (in_libc >= m->start && in_libc < m->end)
			return instances[i].allocator;
	}
	return 0;
}

bool points_serve_heap(void)
{
	uint32_t count = at_load_acquire(&instance_count);
	for (uint32_t i = 0; i < count; i++)
		if (instances[i].allocator == 0 && instances[i].is_seen_whole)
			return true;
	return false;
}

const struct instance *points_instance(uint32_t allocator)
{
	uint32_t count = at_load_acquire(&instance_count);
	for (uint32_t i = 0; i < count; i++)
		if (instances[i].allocator == allocator)
			return &instances[i];
	return NULL;
}

bool points_are_gone(uint32_t allocator)
{
	bool ignored;
	const struct instance *i = points_instance(allocator);
	if (i && i->outer)
		return points_are_gone(i->inner);
	return i && modules_find(modules[i->module].start, &ignored) != i->module;
}

bool points_see_whole(uint32_t allocator)
{
	const struct instance *i = allocator != 0 ? points_instance(allocator) : NULL;
	return !i || i->is_seen_whole;
}

/* Nothing beside what the C function takes: a heap, flags. */
static bool is_as_in_c(const struct point *p)
{
	int8_t block = p->arguments.block, size = p->arguments.size;
	switch (p->role) {
	case ROLE_MALLOC:
		return p->arguments.all == 1 && size == 0;
	case ROLE_REALLOC:
		return p->arguments.all == 2 && block == 0 && size == 1 && p->arguments.how == POINT_PLAIN;
	case ROLE_FREE:
	case ROLE_USABLE_SIZE:
		return p->arguments.all == 1 && block == 0;
	default:
		return false;
	}
}

const char *points_name(uint32_t allocator)
{
	const struct instance *i = points_instance(allocator);
	return i ? i->name : NULL;
}

void *points_function(uint32_t allocator, enum role role)
{
	uint32_t count = at_load_acquire(&point_count);
	const struct instance *owner = allocator ? points_instance(allocator) : NULL;
	if (owner && owner->outer)
		return points_function(owner->inner, role);
	if (allocator == 0 && !split_roles[role])
		return real_function(role);
	for (uint32_t i = 0; i < count; i++)
		if (points[i].instance && points[i].instance->allocator == allocator &&
		    points[i].role == role && is_as_in_c(&points[i]))
			return points_are_gone(allocator) ? NULL : points[i].patch.original;
	return NULL;
}

/* ---- hooking ---- */

static bool is_block(char letter)
{
	return letter == 'p' || letter == 'e' || letter == 'x' || letter == 'f' || letter == 'i';
}

static void read_arguments(struct point_arguments *a, const char *text)
{
	static const char how[] = "_twexfiHCM"; /* by enum point_how */
	*a = (struct point_arguments){ .size = -1, .count = -1, .block = -1, .align = -1, .out = -1, .room = -1,
					 .heap = -1, .within = -1, .other = -1, .how = POINT_PLAIN };
	for (int8_t i = 0; i < POINT_ARGUMENTS && text[i] && text[i] != 'R'; i++) {
		a->all = (int8_t)(i + 1);
		int8_t *const place = text[i] == 's'   ? &a->size
				      : text[i] == 'n' ? &a->count
				      : text[i] == 'a' ? &a->align
				      : text[i] == 'o' ? &a->out
				      : text[i] == 'r' ? &a->room
				      : text[i] == 'H' ? &a->heap
				      : text[i] == 'h' ? &a->within
				      : text[i] == 'g' ? &a->other
				      : is_block(text[i]) ? &a->block
							  : NULL;
		if (place)
			*place = i;
		for (uint8_t k = POINT_TEXT; how[k]; k++)
			if (how[k] == text[i])
				a->how = k;
	}
}

static enum point_act act_of(const struct point *p)
{
	if (p->role == ROLE_USABLE_SIZE)
		return POINT_QUERY;
	if (p->arguments.how >= POINT_DESTROYS)
		return POINT_DESTROY;
	if (role_is_release(p->role))
		return POINT_RELEASE;
	return p->arguments.block >= 0 ? POINT_MOVE : POINT_MAKE;
}

static bool returns_number(const struct session_hook *hook)
{
	for (size_t i = 0; i < sizeof(hook->arguments); i++)
		if (hook->arguments[i] == 'R')
			return true;
	return false;
}

/* Callers in the function's own file may know which registers it leaves alone, and the hook does not.
 * A keeper's frame then lies between (hooks_inline.c looks past it). */
static const void *keeper_for(const struct session_hook *hook)
{
	if (!inline_plan_needs_keeper(&hook->plan))
		return NULL;
	return role_is_release(hook->role) && !returns_number(hook) ? inline_keep_all
								    : inline_keep_but_integer;
}

static enum plan_reason prepare(struct point *p, const struct session_hook *hook, uintptr_t bias)
{
	struct inline_hook how = { .plan = &hook->plan,
				   .bias = bias,
				   .hook = hooks_inline_entry,
				   .keeper = keeper_for(hook),
				   .argument = PLAN_ARGUMENT_R11,
				   .point = (uintptr_t)p };
	if (hook->flags & SESSION_HOOK_OPENS)
		how.hook = hooks_inline_watch;
	if (hook->flags & SESSION_HOOK_ENDS)
		how.hook = leak_point_entry;
	p->is_kept = how.keeper != NULL;
	return inline_patch_prepare(&near_memory, &how, &p->patch);
}

/* It is called, and not hooked. */
static bool is_visitor(const struct session_hook *hook)
{
	return hook->arguments[0] == 'V';
}

static enum plan_reason note_visitor(uint32_t module, const struct session_hook *hook)
{
	struct instance *i = hook->family < FAMILY_COUNT ? find_instance(module, hook) : NULL;
	if (i)
		i->visit = modules[module].bias + hook->plan.function;
	return PLAN_NONE;
}

static enum plan_reason hook_function(uint32_t module, uint32_t number,
				      const struct session_hook *hook)
{
	enum { NO_ALLOCATOR = SESSION_HOOK_LOADER | SESSION_HOOK_OPENS | SESSION_HOOK_MAPS |
			      SESSION_HOOK_ENDS };
	uintptr_t bias = modules[module].bias;
	if (is_visitor(hook))
		return note_visitor(module, hook);
	if (hook->plan.reason != PLAN_NONE)
		return hook->plan.reason;
	if (hook->role >= ROLE_COUNT || hook->family >= FAMILY_COUNT)
		return PLAN_BAD_PLAN;
	if (point_count == POINTS_MAX)
		return PLAN_TOO_MANY;
	struct point *p = &points[point_count];
	*p = (struct point){ .function = bias + hook->plan.function,
			     .role = (enum role)hook->role,
			     .module = module,
			     .hook = (uint16_t)(number + 1),
			     .flags = hook->flags };
	read_arguments(&p->arguments, hook->arguments);
	p->act = act_of(p);
	if (!(hook->flags & NO_ALLOCATOR) && !(p->instance = find_instance(module, hook)))
		return PLAN_TOO_MANY;
	enum plan_reason reason = prepare(p, hook, bias);
	if (reason != PLAN_NONE)
		return reason;
	/* All of it before the jump is there: it may be taken at once, and a child of a fork may have
	 * inherited the jump when it takes the next point. */
	at_store_release(&point_count, point_count + 1);
	reason = inline_patch_enable(&p->patch, lock_is_single_threaded());
	if (reason != PLAN_NONE) {
		at_store_release(&point_count, point_count - 1);
		return reason;
	}
	/* The program may get to a function that is interposed by another name that it has, too
	 * (mi_malloc); what the interposed one records is not to be seen a second time. */
	real_pass_hook(p->function, p->patch.original);
	return PLAN_NONE;
}

/* For the tool, which tells the user. */
static void note_outcome(struct session_hook *hook, enum plan_reason reason)
{
	if (!(at_load_relaxed(&hook->outcomes) & hook_outcome(reason)))
		at_or_relaxed(&hook->outcomes, hook_outcome(reason));
}

/* The libc that the runtime itself is linked with. */
static bool is_own_libc(uint32_t module, const struct session_hook *hook)
{
	uintptr_t in_libc = (uintptr_t)getauxval;
	return hook->family == FAMILY_GLIBC && in_libc >= modules[module].start &&
	       in_libc < modules[module].end;
}

/* Which of a module's functions: the C library's own, or the others. */
static void hook_module(uint32_t module, bool libc)
{
	struct session_module *m = &session.modules[modules[module].id];
	uint32_t first = m->first_hook, count = m->hooks;
	for (uint32_t i = first; i - first < count && i < SESSION_MAX_HOOKS; i++) {
		struct session_hook hook = session.hooks[i];
		hook.arguments[sizeof(hook.arguments) - 1] = '\0';
		hook.version[sizeof(hook.version) - 1] = '\0';
		bool no_allocator = hook.flags & (SESSION_HOOK_LOADER | SESSION_HOOK_OPENS | SESSION_HOOK_ENDS);
		if ((!no_allocator && is_own_libc(module, &hook)) != libc)
			continue;
		enum plan_reason reason = hook_function(module, i, &hook);
		if (!is_visitor(&hook))
			note_outcome(&session.hooks[i], reason);
	}
}

/* Who hooks, one at a time. Not a lock of lock.h: it is held while the tool is waited for. Like
 * those it counts as free in the child of a fork. */
static uint8_t busy;

static bool begin(void)
{
	enum { TRIES = 40000, TRY_US = 50 };
	for (unsigned i = 0; i < TRIES; i++) {
		if (lock_try(&busy))
			return true;
		sys_sleep_us(TRY_US);
	}
	return false;
}

static void end(void)
{
	at_store_release(&busy, (uint8_t)0);
}

static struct instance *make_twin(struct instance *family, uint32_t inner)
{
	if (family->twin || instance_count == INSTANCES_MAX)
		return family->twin;
	struct instance *twin = &instances[instance_count];
	*twin = *family;
	twin->announced = false;
	twin->outer = family;
	twin->inner = inner;
	twin->allocator = at_add_relaxed(&session.header->allocator_count, 1u);
	if (twin->allocator > UINT16_MAX)
		return NULL;
	at_store_release(&instance_count, instance_count + 1);
	at_store_release(&family->twin, twin);
	return twin;
}

struct instance *points_twin(struct instance *family, uint32_t inner)
{
	struct instance *twin = at_load_acquire(&family->twin);
	if (twin || !begin())
		return twin;
	twin = make_twin(family, inner);
	end();
	return twin;
}

/* A file, and not the runtime's own. */
static bool is_hookable(uint32_t module)
{
	uintptr_t here = (uintptr_t)hooks_inline_entry;
	return module != MODULE_ANONYMOUS && modules[module].id < SESSION_MAX_MODULES &&
	       (here < modules[module].start || here >= modules[module].end);
}

/* The number of its instance stands for any in the module that nobody finds. */
static bool find_hidden(uint32_t module, const struct session_module *m, uint32_t *allocator)
{
	enum { HIDDEN_NUMBER = UINT8_MAX };
	struct session_hook like = { .family = m->carried_family, .number = HIDDEN_NUMBER };
	if (like.family >= FAMILY_COUNT || !begin())
		return false;
	__builtin_memcpy(like.version, m->carried_version, sizeof(m->carried_version) - 1);
	const struct instance *i = find_instance(module, &like);
	end();
	*allocator = i ? i->allocator : 0;
	return *allocator != 0;
}

enum session_carried points_carried_by(uint32_t module, uint32_t *allocator)
{
	if (!is_hookable(module))
		return CARRIED_SEEN;
	struct session_module *m = &session.modules[modules[module].id];
	ask(&m->carried_state);
	if (!answered(&m->carried_state))
		return CARRIED_UNKNOWN;
	enum session_carried carried = (enum session_carried)m->carried;
	if (carried == CARRIED_HIDDEN && !find_hidden(module, m, allocator))
		return CARRIED_SEEN;
	return carried;
}

/* Whether the program has been looking for ways past the runtime's functions. */
static bool is_passed;

bool points_are_passed(void)
{
	return at_load_relaxed(&is_passed);
}

void points_hook_libc(void)
{
	static bool done;
	bool ignored;
	uint32_t index = modules_find((uintptr_t)getauxval, &ignored);
	at_store_relaxed(&is_passed, true);
	if (at_load_relaxed(&done) || !begin())
		return;
	if (index != MODULE_ANONYMOUS && index < modules_done && !done) {
		hook_module(index, true);
		at_store_relaxed(&done, true);
	}
	end();
}

/* A module that was unloaded and loaded again, to the same place, has its first bytes back. */
static void renew(void)
{
	for (uint32_t i = 0; i < point_count; i++) {
		struct point *p = &points[i];
		if (p->instance && !at_load_relaxed(&modules[p->instance->module].gone))
			inline_patch_enable(&p->patch, lock_is_single_threaded());
	}
}

void points_hook_new(void)
{
	uint32_t count = modules_count();
	if (!begin())
		return;
	renew();
	for (uint32_t i = modules_done; i < count; i++)
		if (is_hookable(i))
			ask(&session.modules[modules[i].id].hooks_state);
	for (; modules_done < count; modules_done++)
		if (is_hookable(modules_done) &&
		    answered(&session.modules[modules[modules_done].id].hooks_state))
			hook_module(modules_done, false);
	end();
}

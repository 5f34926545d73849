/* inline-patch.c - inline hooks on the functions of tests/lib/inline-shapes.S, in this process:
 * each returns what it did before, and the hook sees every call. For tests/inline.tap.
 *
 *   inline-patch shapes FILE.so    every shape
 *   inline-patch threads FILE.so   while other threads call the function
 *   inline-patch crowded FILE.so   while the memory near the module is taken, and when all of it is
 *   inline-patch damaged FILE.so   plans with random bytes in them
 *   inline-patch math              libm's functions of one double */
#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#include "base/compiler.h"
#include "tests/lib/inline-library.h"

typedef uint64_t shape_fn(uint64_t, uint64_t);

enum shape_kind {
	SHAPE_CALLED,	    /* with numbers */
	SHAPE_CALLS_SECOND, /* its second argument is a function */
	SHAPE_CALLS_HELPER, /* which looks at the stack */
	SHAPE_CALLS_ITSELF, /* as often as its first argument says */
	SHAPE_NOT_CALLED,
};

struct shape {
	const char *name;
	enum plan_reason reason;
	uint8_t patch_bytes;
	uint8_t flags;
	enum shape_kind kind;
};

static const struct shape shapes[] = {
	{ "shape_marked", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_marked_short", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_pushes", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_thread_local", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_long_immediate", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_patchable", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_load", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_address", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_store_immediate", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_compare_byte", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_vector", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_jcc_short", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_jcc_first", PLAN_NONE, 2, PLAN_HAS_PAD, SHAPE_CALLED },
	{ "shape_jcc_near", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_jcc_two", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_jrcxz", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_jecxz", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_loop", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_inner_loop", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_inner_skip", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_bnd_jump", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_stub", PLAN_NONE, 5, PLAN_IS_STUB, SHAPE_CALLED },
	{ "shape_stub_short", PLAN_NONE, 5, PLAN_IS_STUB, SHAPE_CALLED },
	{ "shape_stub_memory", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_stub_notrack", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_call", PLAN_NONE, 5, PLAN_PUSHES_RETURN, SHAPE_CALLS_HELPER },
	{ "shape_call_memory", PLAN_NONE, 5, PLAN_PUSHES_RETURN, SHAPE_CALLS_HELPER },
	{ "shape_call_register", PLAN_NONE, 2, PLAN_PUSHES_RETURN | PLAN_HAS_PAD,
	  SHAPE_CALLS_SECOND },
	{ "shape_call_next", PLAN_NONE, 5, PLAN_PUSHES_RETURN, SHAPE_CALLED },
	{ "shape_call_stack", PLAN_CALL_INSIDE, 0, 0, SHAPE_NOT_CALLED },
	{ "shape_call_itself", PLAN_NONE, 5, 0, SHAPE_CALLS_ITSELF },
	{ "shape_call_last", PLAN_NONE, 5, PLAN_PUSHES_RETURN, SHAPE_NOT_CALLED },
	{ "shape_short", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_loop_back", PLAN_NONE, 2, PLAN_HAS_PAD, SHAPE_CALLED },
	{ "shape_loop_back_packed", PLAN_NONE, 2, PLAN_HAS_PAD, SHAPE_CALLED },
	{ "shape_short_packed", PLAN_TOO_SHORT, 0, 0, SHAPE_CALLED },
	{ "shape_call_packed", PLAN_CALL_INSIDE, 0, 0, SHAPE_CALLS_SECOND },
	{ "shape_single", PLAN_TOO_SHORT, 0, 0, SHAPE_NOT_CALLED },
	{ "shape_twin_1", PLAN_NONE, 2, PLAN_HAS_PAD, SHAPE_CALLED },
	{ "shape_twin_2", PLAN_TOO_SHORT, 0, 0, SHAPE_CALLED },
	{ "shape_loop_to_entry", PLAN_LOOP_TO_ENTRY, 0, 0, SHAPE_CALLED },
	{ "shape_runs_on", PLAN_RUNS_ON, 0, 0, SHAPE_CALLED },
	{ "shape_other_entry", PLAN_OTHER_ENTRY, 0, 0, SHAPE_CALLED },
	{ "shape_second_entry", PLAN_NOT_ENTRY, 0, 0, SHAPE_NOT_CALLED },
	{ "shape_switch", PLAN_BRANCH_INTO, 0, 0, SHAPE_CALLED },
	{ "shape_near", PLAN_BRANCH_INTO, 0, 0, SHAPE_CALLED },
	{ "shape_cold", PLAN_NONE, 2, PLAN_HAS_PAD, SHAPE_CALLED },
	{ "shape_transaction", PLAN_UNMOVABLE, 0, 0, SHAPE_NOT_CALLED },
	{ "shape_breakpoint", PLAN_UNMOVABLE, 0, 0, SHAPE_NOT_CALLED },
	{ "shape_bad", PLAN_UNDECODABLE, 0, 0, SHAPE_NOT_CALLED },
	{ "shape_unknown_length", PLAN_NO_BOUNDS, 0, 0, SHAPE_NOT_CALLED },
	{ "shape_across_words", PLAN_NONE, 5, 0, SHAPE_CALLED },
	{ "shape_across_head", PLAN_NONE, 5, 0, SHAPE_CALLED },
};

/* ---- shapes ---- */

enum { RESULTS = 8 };

struct results {
	uint64_t values[RESULTS];
	uint64_t frames; /* that the helper saw */
	uint64_t calls;	 /* that a hook should have seen */
};

static uint64_t frames_seen;

static _Unwind_Reason_Code count_frame(struct _Unwind_Context *context, void *unused)
{
	frames_seen++;
	return _URC_NO_REASON;
}

static void look_at_stack(void)
{
	frames_seen = 0;
	_Unwind_Backtrace(count_frame, NULL);
}

static uint64_t increment(uint64_t a)
{
	return a + 1;
}

static void call_shape(const struct shape *shape, uint64_t address, struct results *out)
{
	static const uint64_t numbers[RESULTS][2] = {
		{ 0, 0 },
		{ 1, 2 },
		{ 5, 3 },
		{ UINT64_MAX, 7 },
		{ 200, 9 },
		{ 3, 200 },
		{ UINT64_C(1) << 31, 1 },
		{ 12, 0x100 },
	};
	shape_fn *function = (shape_fn *)(uintptr_t)address;
	memset(out, 0, sizeof(*out));
	frames_seen = 0;
	for (size_t i = 0; i < RESULTS; i++) {
		uint64_t a = numbers[i][0], b = numbers[i][1];
		if (shape->kind == SHAPE_CALLS_ITSELF)
			a &= 15;
		if (shape->kind == SHAPE_CALLS_SECOND)
			b = (uintptr_t)increment;
		out->values[i] = function(a, b);
		out->calls += shape->kind == SHAPE_CALLS_ITSELF ? a + 1 : 1;
	}
	out->frames = frames_seen;
}

static bool same_values(const struct results *a, const struct results *b)
{
	return memcmp(a->values, b->values, sizeof(a->values)) == 0;
}

/* The page of the function is as it was: not writable. */
static bool is_protected(uint64_t address)
{
	char line[512];
	bool good = false;
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		uint64_t start, end;
		char protection[5];
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, protection) == 3 &&
		    address >= start && address < end)
			good = strcmp(protection, "r-xp") == 0;
	}
	if (maps)
		fclose(maps);
	return good;
}

static void check_hooked(const struct shape *shape, struct hook_point *p)
{
	struct results before, hooked, direct, after;
	call_shape(shape, p->address, &before);
	bool alone = strcmp(shape->name, "shape_across_head") == 0;
	enum plan_reason odd = inline_patch_enable(&p->patch, false);
	tell(odd == (alone ? PLAN_NOT_ATOMIC : PLAN_NONE), "enabled", "%s: %s", shape->name,
	     plan_reason_word(odd));
	enum plan_reason reason = inline_patch_enable(&p->patch, alone);
	call_shape(shape, p->address, &hooked);
	tell(reason == PLAN_NONE && same_values(&before, &hooked) && p->calls == hooked.calls,
	     shape->name,
	     "%s, %" PRIu64 " calls, not %" PRIu64 "; first value %" PRIx64 ", was %" PRIx64,
	     plan_reason_word(reason), p->calls, hooked.calls, hooked.values[0], before.values[0]);
	if (shape->kind == SHAPE_CALLS_HELPER)
		tell(hooked.frames == before.frames + 1, "unwinds through it",
		     "%" PRIu64 " frames, were %" PRIu64, hooked.frames, before.frames);
	p->calls = 0;
	call_shape(shape, (uintptr_t)p->patch.original, &direct);
	bool itself = shape->kind == SHAPE_CALLS_ITSELF;
	tell(same_values(&before, &direct) && (itself || p->calls == 0), "original", "%s: %" PRIu64,
	     shape->name, p->calls);
	tell(is_protected(p->patch.patch) && is_protected((uintptr_t)p->patch.original),
	     "protection restored", "%s", shape->name);
	p->calls = 0;
	reason = inline_patch_disable(&p->patch, alone);
	call_shape(shape, p->address, &after);
	tell(reason == PLAN_NONE && same_values(&before, &after) && p->calls == 0, "disabled",
	     "%s: %s, %" PRIu64 " calls", shape->name, plan_reason_word(reason), p->calls);
	inline_patch_enable(&p->patch, alone); /* stays for the others */
}

static void check_shape(struct library *l, const struct shape *shape, struct hook_point *p)
{
	uint64_t address = (uintptr_t)dlsym(l->handle, shape->name);
	library_hook(l, p, shape->name, address, (const void *)count_and_call,
		     COUNT_AND_CALL_ARGUMENT);
	tell(p->reason == shape->reason && p->plan.patch_bytes == shape->patch_bytes &&
		     (p->plan.flags & ~PLAN_KEEPS_REGISTERS) == shape->flags,
	     "plan", "%s: %s, %u bytes, flags %u", shape->name, plan_reason_word(p->reason),
	     p->plan.patch_bytes, p->plan.flags);
	if (p->reason == PLAN_NONE && shape->kind != SHAPE_NOT_CALLED)
		check_hooked(shape, p);
}

/* Callers may rely on what registers a function leaves alone, if nothing is called that they cannot
 * know; shape_call leads to a call through a register. */
static void check_registers(struct library *l)
{
	static const struct {
		const char *name;
		bool keeps;
	} functions[] = { { "shape_marked", true },	  { "shape_call_itself", true },
			  { "shape_call_last", true },	  { "shape_call", false },
			  { "shape_call_memory", false }, { "shape_stub_memory", false },
			  { "shape_stub", false } };
	for (size_t i = 0; i < AT_COUNT_OF(functions); i++) {
		struct hook_plan plan;
		uint64_t address = (uintptr_t)dlsym(l->handle, functions[i].name);
		hook_plan_make(l->planner, address - l->bias, &plan);
		tell(!!(plan.flags & PLAN_KEEPS_REGISTERS) == functions[i].keeps, "registers",
		     "%s: flags %u", functions[i].name, plan.flags);
	}
}

/* A hook that loses every register that the ABI lets it lose. */
static uint64_t lose_registers(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			       struct hook_point *p)
{
	uint64_t result = count_and_call(a, b, c, d, e, p);
	look_at_stack();
	__asm__ volatile(
		"xor %%ecx, %%ecx\nxor %%edx, %%edx\nxor %%esi, %%esi\nxor %%edi, %%edi\n"
		"xor %%r8d, %%r8d\nxor %%r9d, %%r9d\nxor %%r10d, %%r10d\nxor %%r11d, %%r11d\n"
		".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
		"pxor %%xmm\\n, %%xmm\\n\n.endr" ::
			: "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1",
			  "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
			  "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	return result + p->nothing;
}

/* Hooked, the function changes the registers that it did before, and no other. */
static void check_kept(struct library *l, const char *name, bool nothing, uint64_t changes)
{
	static struct hook_point points[2];
	struct hook_point *p = &points[nothing];
	shape_fn *count = (shape_fn *)(uintptr_t)dlsym(l->handle, "shape_count_changed");
	uint64_t address = (uintptr_t)dlsym(l->handle, name);
	uint64_t before = count(address, 0x1234567);
	library_hook_full(l, p, name, address, (const void *)lose_registers,
			  COUNT_AND_CALL_ARGUMENT,
			  nothing ? inline_keep_all : inline_keep_but_integer);
	p->nothing = nothing;
	enum plan_reason reason = inline_patch_enable(&p->patch, false);
	uint64_t after = count(address, 0x1234567);
	tell(reason == PLAN_NONE && before == changes && after == changes && p->calls == 1, name,
	     "%s: %" PRIu64 " registers changed, before %" PRIu64 ", %" PRIu64 " calls",
	     plan_reason_word(reason), after, before, p->calls);
	look_at_stack();
	uint64_t frames = frames_seen;
	((shape_fn *)(uintptr_t)address)(1, 2);
	tell(frames_seen == frames + 2, "unwinds through what keeps registers",
	     "%" PRIu64 " frames, %" PRIu64 " without", frames_seen, frames);
}

/* The IFUNC's symbol gives what it chose. */
static void check_ifunc(struct library *l)
{
	static struct hook_point p;
	uint64_t chosen = (uintptr_t)dlsym(l->handle, "shape_chosen");
	tell(chosen == (uintptr_t)dlsym(l->handle, "shape_marked"), "ifunc chooses", "%" PRIx64,
	     chosen);
	for (uint64_t at = 0; hook_planner_next(l->planner, at, &at); at++)
		if (hook_plan_make(l->planner, at, &p.plan) == PLAN_IFUNC)
			return tell(true, "ifunc refused", " ");
	tell(false, "ifunc refused", "no function has this reason");
}

static int run_shapes(const char *path)
{
	static struct hook_point points[AT_COUNT_OF(shapes)];
	struct library l;
	library_open(&l, path, RTLD_NOW);
	void (**callback)(void) = dlsym(l.handle, "shape_callback");
	*callback = look_at_stack;
	for (size_t i = 0; i < AT_COUNT_OF(shapes); i++)
		check_shape(&l, &shapes[i], &points[i]);
	tell(l.memory.count == 1, "one block of near memory", "%u", l.memory.count);
	check_registers(&l);
	check_kept(&l, "shape_changes_result", false, 1);
	check_kept(&l, "shape_changes_nothing", true, 0);
	check_ifunc(&l);
	struct hook_plan plan = points[0].plan;
	uint64_t end = plan.patch + plan.displaced_bytes;
	tell(plan_is_within(&plan, 0, end) && !plan_is_within(&plan, 0, end - 1) &&
		     !plan_is_within(&plan, plan.patch + 1, end + 8),
	     "bounds", "%" PRIx64, end);
	const struct inline_patch *there = &points[0].patch;
	tell(!inline_patch_splits(there, there->patch) &&
		     inline_patch_splits(there, there->patch + 1) &&
		     inline_patch_splits(there, there->patch + plan.displaced_bytes - 1) &&
		     !inline_patch_splits(there, there->patch + plan.displaced_bytes),
	     "split", "%" PRIx64, there->patch);
	struct inline_patch patch;
	const struct inline_hook again = { .plan = &plan,
					   .bias = l.bias,
					   .hook = (const void *)count_and_call };
	enum plan_reason reason = inline_patch_prepare(&l.memory, &again, &patch);
	tell(reason == PLAN_CHANGED, "hooked twice is refused", "%s", plan_reason_word(reason));
	library_close(&l);
	return 0;
}

/* ---- other threads ---- */

struct caller {
	shape_fn *function;
	uint64_t wrong, calls;
	bool stop;
};

static void *call_in_loop(void *argument)
{
	struct caller *c = argument;
	uint64_t expected = c->function(3, 0);
	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		c->wrong += c->function(3, 0) != expected;
		__atomic_fetch_add(&c->calls, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void toggle(struct library *l, const char *name)
{
	enum { TOGGLES = 3000, THREADS = 2, AT_LEAST = 100000, HOOKED = 100 };
	struct caller callers[THREADS];
	pthread_t threads[THREADS];
	struct hook_point p;
	library_hook(l, &p, name, (uintptr_t)dlsym(l->handle, name), (const void *)count_and_call,
		     COUNT_AND_CALL_ARGUMENT);
	for (int i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){ .function = (shape_fn *)(uintptr_t)p.address };
		pthread_create(&threads[i], NULL, call_in_loop, &callers[i]);
	}
	int failed = 0;
	uint64_t calls = 0, wrong = 0;
	for (int i = 0; i < TOGGLES || calls < AT_LEAST ||
			__atomic_load_n(&p.calls, __ATOMIC_RELAXED) < HOOKED;
	     i++) {
		failed += inline_patch_enable(&p.patch, false) != PLAN_NONE;
		failed += inline_patch_disable(&p.patch, false) != PLAN_NONE;
		calls = __atomic_load_n(&callers[0].calls, __ATOMIC_RELAXED);
	}
	for (int i = 0; i < THREADS; i++) {
		__atomic_store_n(&callers[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(threads[i], NULL);
		wrong += callers[i].wrong;
	}
	tell(failed == 0 && wrong == 0 && p.calls > 0, name,
	     "%d changes failed, %" PRIu64 " wrong results, %" PRIu64 " calls hooked", failed,
	     wrong, p.calls);
}

struct toggler {
	struct hook_point point;
	uint64_t hooked;
	bool stop;
};

static void *toggle_in_loop(void *argument)
{
	struct toggler *t = argument;
	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		t->hooked += inline_patch_enable(&t->point.patch, false) == PLAN_NONE;
		inline_patch_disable(&t->point.patch, false);
	}
	return NULL;
}

/* Children find the function as it was or hooked, never halfway. */
static void fork_meanwhile(struct library *l)
{
	enum { FORKS = 300, PATIENCE_S = 20 };
	static struct toggler t;
	const char *name = "shape_across_words";
	pthread_t thread;
	library_hook(l, &t.point, name, (uintptr_t)dlsym(l->handle, name),
		     (const void *)count_and_call, COUNT_AND_CALL_ARGUMENT);
	shape_fn *function = (shape_fn *)(uintptr_t)t.point.address;
	uint64_t expected = function(3, 0);
	int wrong = 0;
	pthread_atfork(inline_patch_fork_begins, inline_patch_fork_ended,
		       inline_patch_fork_is_child);
	pthread_create(&thread, NULL, toggle_in_loop, &t);
	for (int i = 0; i < FORKS && !wrong; i++) {
		int status = 0;
		pid_t child = fork();
		if (child == 0) {
			alarm(PATIENCE_S);
			_exit(function(3, 0) != expected);
		}
		waitpid(child, &status, 0);
		wrong += status != 0;
	}
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	tell(wrong == 0 && t.hooked > 0, "forks", "%d children failed, %" PRIu64 " times hooked",
	     wrong, t.hooked);
}

static int run_threads(const char *path)
{
	struct library l;
	library_open(&l, path, RTLD_NOW);
	toggle(&l, "shape_long_immediate"); /* in one word */
	toggle(&l, "shape_across_words");
	fork_meanwhile(&l);
	library_close(&l);
	return 0;
}

/* ---- damaged plans ---- */

static int run_damaged(const char *path)
{
	enum { ROUNDS = 200000 };
	struct library l;
	struct hook_point p;
	unsigned taken = 0;
	library_open(&l, path, RTLD_NOW);
	library_hook(&l, &p, "shape_call", (uintptr_t)dlsym(l.handle, "shape_call"),
		     (const void *)count_and_call, COUNT_AND_CALL_ARGUMENT);
	srand(1);
	for (int i = 0; i < ROUNDS; i++) {
		struct hook_plan plan = p.plan;
		for (int k = rand() % 4; k >= 0; k--)
			((uint8_t *)&plan)[(size_t)rand() % sizeof(plan)] = (uint8_t)rand();
		/* What says where the code is decides what is read: the module's bounds are the
		 * caller's to check. */
		plan.patch = p.plan.patch;
		plan.pad = p.plan.pad;
		if (plan.low > 1 << 30 || plan.high > 1 << 30)
			continue; /* would take a new block each time */
		struct inline_patch patch;
		const struct inline_hook hook = { .plan = &plan,
						  .bias = l.bias,
						  .hook = (const void *)count_and_call };
		taken += inline_patch_prepare(&l.memory, &hook, &patch) == PLAN_NONE;
		l.memory.blocks[0].used = 0;
	}
	tell(taken > 0 && taken < ROUNDS, "damaged plans", "%u of %d taken", taken, ROUNDS);
	library_close(&l);
	return 0;
}

/* ---- no room ---- */

/* Takes what is free between the addresses. */
static void occupy(uint64_t from, uint64_t to)
{
	enum { STEP = 1 << 16 };
	for (uint64_t at = from & ~(uint64_t)(STEP - 1); at < to; at += STEP)
		mmap((void *)(uintptr_t)at, STEP, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
}

static int run_crowded(const char *path)
{
	static struct library l;
	static struct hook_point first, second;
	const uint64_t gib = UINT64_C(1) << 30;
	library_open(&l, path, RTLD_NOW);
	uint64_t address = (uintptr_t)dlsym(l.handle, "shape_load");
	occupy(address - gib, address);
	library_hook(&l, &first, "shape_load", address, (const void *)count_and_call,
		     COUNT_AND_CALL_ARGUMENT);
	uint64_t distance = address - (uintptr_t)first.patch.original;
	shape_fn *function = (shape_fn *)(uintptr_t)address;
	uint64_t before = function(1, 2);
	tell(first.reason == PLAN_NONE && inline_patch_enable(&first.patch, false) == PLAN_NONE &&
		     distance > gib && distance < 2 * gib && function(1, 2) == before &&
		     first.calls == 1,
	     "a gigabyte away", "%s, %" PRIx64 " away", plan_reason_word(first.reason), distance);
	struct inline_memory none = { .count = 0 };
	occupy(address - 2 * gib, address + 2 * gib);
	l.memory = none;
	library_hook(&l, &second, "shape_address", (uintptr_t)dlsym(l.handle, "shape_address"),
		     (const void *)count_and_call, COUNT_AND_CALL_ARGUMENT);
	tell(second.reason == PLAN_NO_MEMORY, "no room", "%s", plan_reason_word(second.reason));
	library_close(&l);
	return 0;
}

/* ---- libm ---- */

static const char *const math_names[] = {
	"acos", "acosh", "asin",  "asinh",     "atan",	"atanh",       "cbrt",	    "ceil",
	"cos",	"cosh",	 "erf",	  "erfc",      "exp",	"exp2",	       "exp10",	    "expm1",
	"fabs", "floor", "j0",	  "j1",	       "log",	"log10",       "log1p",	    "log2",
	"logb", "rint",	 "round", "roundeven", "sin",	"sinh",	       "sqrt",	    "tan",
	"tanh", "trunc", "y0",	  "y1",	       "gamma", "significand", "nearbyint", "tgamma",
};

static double count_and_call_double(double x, struct hook_point *p)
{
	p->calls++;
	return ((double (*)(double))p->patch.original)(x);
}

static int run_math(void)
{
	static const double values[] = { 0,    -0.0, 0.5,    1,	     -1,
					 3.25, 1e10, -1e300, 1e-310, __builtin_inf() };
	struct library l;
	unsigned hooked = 0;
	library_open(&l, "libm.so.6", RTLD_NOW);
	for (size_t i = 0; i < AT_COUNT_OF(math_names); i++) {
		struct hook_point p;
		double (*function)(double) = (double (*)(double))dlsym(l.handle, math_names[i]);
		uint64_t before[AT_COUNT_OF(values)], after[AT_COUNT_OF(values)];
		double result;
		for (size_t k = 0; k < AT_COUNT_OF(values); k++) {
			result = function(values[k]);
			memcpy(&before[k], &result, sizeof(result));
		}
		library_hook_full(&l, &p, math_names[i], (uintptr_t)function,
				  (const void *)count_and_call_double, 0, inline_keep_but_vector);
		if (p.reason == PLAN_NONE)
			p.reason = inline_patch_enable(&p.patch, false);
		for (size_t k = 0; k < AT_COUNT_OF(values); k++) {
			result = function(values[k]);
			memcpy(&after[k], &result, sizeof(result));
		}
		bool good = p.reason == PLAN_NONE && p.calls == AT_COUNT_OF(values);
		hooked += good;
		tell(memcmp(before, after, sizeof(before)) == 0 && (good || p.calls == 0),
		     math_names[i], "%s, %" PRIu64 " calls", plan_reason_word(p.reason), p.calls);
		if (!good)
			printf("note\t%s\t%s\n", math_names[i], plan_reason_word(p.reason));
		if (good)
			inline_patch_disable(&p.patch, true);
	}
	tell(hooked + 2 >= AT_COUNT_OF(math_names), "most of libm can be hooked", "%u", hooked);
	library_close(&l);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "shapes") == 0)
		return run_shapes(argv[2]);
	if (argc == 3 && strcmp(argv[1], "threads") == 0)
		return run_threads(argv[2]);
	if (argc == 3 && strcmp(argv[1], "crowded") == 0)
		return run_crowded(argv[2]);
	if (argc == 3 && strcmp(argv[1], "damaged") == 0)
		return run_damaged(argv[2]);
	if (argc == 2 && strcmp(argv[1], "math") == 0)
		return run_math();
	fprintf(stderr, "usage: inline-patch shapes|threads|crowded|damaged FILE.so, or math\n");
	return 64;
}

/* hooks_inline.c - see hooks_inline.h.
 *
 * x86-64: the entry builds a frame and passes the point as the seventh argument, on the stack. So
 * the frame that record.h wants is the entry's, which lies where that of the hooked function would. */
#include "lib/hooks_inline.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/elf_symbols.h"
#include "lib/function_frame.h"
#include "lib/hooks_map.h"
#include "lib/inner_heaps.h"
#include "lib/load_order.h"
#include "lib/loader.h"
#include "lib/points.h"
#include "lib/record.h"
#include "lib/unwound.h"
#include "lib/wrappers.h"

/* clang-format off */
__asm__(".hidden hooks_inline_entry\n"
	FUNCTION_WITH_FRAME("hooks_inline_entry")
	"sub $8, %rsp\n\t"
	"push %r11\n\t"
	"call hooks_inline_call\n\t"
	FRAME_ENDS
	"ret\n\t"
	FUNCTION_ENDS("hooks_inline_entry"));
__asm__(".hidden hooks_inline_watch\n"
	FUNCTION_WITH_FRAME("hooks_inline_watch")
	PUSH_ARGUMENTS
	"call hooks_inline_opens\n\t"
	POP_ARGUMENTS
	FRAME_ENDS
	GO_ON_TO_POINT
	FUNCTION_ENDS("hooks_inline_watch"));
/* clang-format on */

_Static_assert(offsetof(struct point, patch.original) == 0, "known to the assembly above");

typedef uintptr_t (*function)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

__attribute__((used)) uintptr_t hooks_inline_call(uintptr_t a0, uintptr_t a1, uintptr_t a2,
						  uintptr_t a3, uintptr_t a4, uintptr_t a5,
						  const struct point *p);

__attribute__((used)) void hooks_inline_opens(uintptr_t first, uintptr_t second);

/* Before dlopen(file, mode), dlsym(handle, name) or dlvsym(handle, name, version). A mode is a small
 * number, a name is none. */
void hooks_inline_opens(uintptr_t first, uintptr_t second)
{
	struct hook h;
	enum { SMALL = 1 << 16 };
	if (second < SMALL)
		load_order_opening((const char *)first, (uint32_t)second);
	bool past = second < SMALL ? (second & RTLD_DEEPBIND) != 0 :
		    (void *)first != RTLD_DEFAULT && (void *)first != RTLD_NEXT &&
			    (void *)first != elf_first_module() && /* dlopen(NULL): all */
			    role_is_symbol((const char *)second);
	if (!past || !hook_enter(&h))
		return;
	hook_busy(&h);
	points_hook_libc();
	hook_leave(&h);
}

/* A call as the program made it. */
struct call {
	const struct point *point;
	struct instance *instance; /* whose block is made, or who gets it */
	uintptr_t a[POINT_ARGUMENTS];
};

static inline uintptr_t go_on(const struct call *c)
{
	function f = (function)(uintptr_t)c->point->patch.original;
	return f(c->a[0], c->a[1], c->a[2], c->a[3], c->a[4], c->a[5]);
}

/* Bytes wanted; an overflow is not looked for: there is no block then. */
static size_t wanted(const struct call *c)
{
	const struct point_arguments *is = &c->point->arguments;
	size_t size = is->size >= 0 ? c->a[is->size] : 0;
	return is->count >= 0 ? size * c->a[is->count] : size;
}

static void *made(const struct call *c, uintptr_t result)
{
	int8_t out = c->point->arguments.out, room = c->point->arguments.room;
	if (room >= 0 && c->a[room])
		return NULL;
	if (out < 0)
		return (void *)result;
	return result == 0 && c->a[out] ? *(void **)c->a[out] : NULL;
}

/* What was asked for of the block that was made. */
static size_t bytes_of(const struct call *c, const void *p)
{
	size_t length = 0;
	if (AT_LIKELY(c->point->arguments.how == POINT_PLAIN))
		return wanted(c);
	if (c->point->arguments.how == POINT_TEXT)
		return __builtin_strlen(p) + 1;
	if (c->point->arguments.how != POINT_TEXT16)
		return wanted(c);
	while (((const uint16_t *)p)[length])
		length++;
	return (length + 1) * sizeof(uint16_t);
}

/* Who made p, which the function has returned. A family that the user has named may hand on. */
static inline uint32_t maker_of(const struct call *c, const struct hook *h, const void *p,
				uint64_t bytes)
{
	struct instance *family = c->point->instance;
	if (AT_LIKELY(!family->is_by_user) || !p)
		return c->instance->allocator;
	uint32_t maker = wrappers_maker(family, h->thread, p, bytes);
	hook_announce(h, maker);
	hook_to_backend(h);
	return maker;
}

static AT_NOINLINE void note_heap(const struct call *c, const struct hook *h, const void *p)
{
	hook_to_backend(h);
	inner_heaps_note(h, c->a[c->point->arguments.within], p);
}

static uintptr_t make(const struct call *c, const struct hook *h)
{
	uintptr_t result = go_on(c);
	void *p = made(c, result);
	size_t bytes = p ? bytes_of(c, p) : 0;
	if (p)
		hook_record(h, p, bytes, c->point->role, maker_of(c, h, p, bytes));
	if (AT_UNLIKELY(c->point->arguments.within >= 0) && p)
		note_heap(c, h, p);
	hook_leave(h);
	return result;
}

static struct release as_release(const struct call *c)
{
	const struct point_arguments *is = &c->point->arguments;
	return (struct release){
		.role = c->point->role,
		.allocator = c->instance->allocator,
		.hook = c->point->hook,
		.size = is->size >= 0 ? c->a[is->size] : RELEASE_NO_SIZE,
		.align = is->align >= 0 ? c->a[is->align] : 0,
	};
}

/* At a thread's end glibc frees what it kept of the freed blocks, directly: for the table they are freed
 * already, and nobody but malloc itself can get at them. */
static bool is_tidying_up(const struct call *c, const struct hook *h)
{
	const struct module *m = &modules[c->point->module];
	uintptr_t caller = h->frame[1];
	struct block b;
	if (AT_LIKELY(!c->point->instance->is_libc) || caller < m->start || caller >= m->end)
		return false;
	hook_busy(h);
	enum block_state state = blocks_look(BLOCK_SPACE_HEAP,
					     c->a[c->point->arguments.block], &b);
	hook_to_backend(h);
	return state == BLOCK_FREED;
}

static uintptr_t give_back(const struct call *c, const struct hook *h)
{
	struct release r = as_release(c);
	uintptr_t result = 0;
	void *p = (void *)c->a[c->point->arguments.block];
	enum finding_outcome outcome =
		is_tidying_up(c, h) ? FINDING_HANDED_ON : hook_release(h, p, &r);
	if (outcome == FINDING_HANDED_ON) {
		result = go_on(c);
	} else if (outcome == FINDING_TO_OWNER) {
		void (*plain)(void *) = points_function(r.allocator, ROLE_FREE);
		if (plain)
			plain(p);
	}
	hook_leave(h);
	return result;
}

static void *fresh_block(const struct call *c)
{
	void *(*theirs)(size_t) = points_function(c->instance->allocator, ROLE_MALLOC);
	return theirs ? theirs(wanted(c)) : NULL;
}

static void *old_block(const struct call *c)
{
	uintptr_t value = c->a[c->point->arguments.block];
	bool indirect = c->point->arguments.how == POINT_INDIRECT;
	return indirect && value ? *(void **)value : (void *)value;
}

/* Calls the function: what it made of the block, NULL if it did not. */
static void *go_on_moving(const struct call *c, void *old, uintptr_t *result)
{
	*result = go_on(c);
	switch (c->point->arguments.how) {
	case POINT_INDIRECT:
		return *result == 0 ? old_block(c) : NULL;
	case POINT_RESIZES:
		return *result >= wanted(c) ? old : NULL;
	default:
		return (void *)*result;
	}
}

/* What the function returns where something else moved the block to p, or nothing did. */
static uintptr_t as_result(const struct call *c, void *p)
{
	if (c->point->arguments.how != POINT_INDIRECT)
		return (uintptr_t)p;
	if (p)
		*(void **)c->a[c->point->arguments.block] = p;
	return p ? 0 : ENOMEM;
}

/* Of a block that is another allocator's, or none: it stays as it is. */
static uintptr_t resize_otherwise(const struct call *c, const struct hook *h, void *old,
				  enum finding_outcome outcome, const struct block *taken)
{
	uintptr_t size = hook_answer(old, outcome, taken);
	hook_put_back(h, old, taken);
	hook_leave(h);
	return c->point->arguments.how == POINT_RESIZES ? size : 0;
}

static uintptr_t move_otherwise(const struct call *c, const struct hook *h, void *old,
				enum finding_outcome outcome, const struct block *taken)
{
	uint32_t owner = c->instance->allocator;
	void *p;
	if (outcome == FINDING_TO_OWNER) {
		owner = block_allocator(taken);
		void *(*theirs)(void *, size_t) = points_function(owner, ROLE_REALLOC);
		p = theirs ? theirs(old, wanted(c)) : NULL;
	} else {
		p = fresh_block(c);
		old = hook_copy_taken(p, wanted(c), taken, old);
	}
	hook_reallocated(h, taken, old, p, wanted(c), c->point->role, owner);
	hook_leave(h);
	return as_result(c, p);
}

static uintptr_t move(const struct call *c, const struct hook *h)
{
	const enum point_how how = c->point->arguments.how;
	const bool in_place = how == POINT_EXPANDS || how == POINT_RESIZES;
	void *old = old_block(c);
	struct release r = { c->point->role, RELEASE_NO_SIZE, 0, c->instance->allocator,
			     c->point->hook };
	struct block taken = { .meta = BLOCK_UNKNOWN };
	enum finding_outcome outcome = old ? hook_take(h, old, &r, &taken) : FINDING_HANDED_ON;
	if (outcome != FINDING_HANDED_ON && in_place)
		return resize_otherwise(c, h, old, outcome, &taken);
	if (outcome != FINDING_HANDED_ON)
		return move_otherwise(c, h, old, outcome, &taken);
	uintptr_t result;
	void *p = go_on_moving(c, old, &result);
	/* NULL may mean that the block was freed because no bytes were wanted. */
	size_t bytes = p || how != POINT_FREES ? wanted(c) : 0;
	if (p && how == POINT_RESIZES && result < bytes)
		bytes = result;
	if (!p && in_place)
		hook_put_back(h, old, &taken);
	else
		hook_reallocated(h, &taken, old, p, bytes, r.role, maker_of(c, h, p, bytes));
	if (AT_UNLIKELY(c->point->arguments.within >= 0) && p)
		note_heap(c, h, p);
	hook_leave(h);
	return result;
}

static uintptr_t destroy(const struct call *c, const struct hook *h)
{
	if (c->point->arguments.heap < 0) {
		inner_heaps_control(h, c->point, c->a);
		hook_leave(h);
		return go_on(c); /* mallctl("background_thread") starts a thread: its blocks are seen */
	}
	inner_heaps_end(h, c->instance, c->a[c->point->arguments.heap]);
	uintptr_t result = go_on(c);
	hook_leave(h);
	return result;
}

static uintptr_t query(const struct call *c, const struct hook *h)
{
	const struct release r = { c->point->role, RELEASE_NO_SIZE, 0, c->instance->allocator,
				   c->point->hook };
	void *p = (void *)c->a[c->point->arguments.block];
	struct block b;
	enum finding_outcome outcome = hook_query(h, p, &r, &b);
	uintptr_t size = outcome == FINDING_HANDED_ON ? go_on(c) : hook_answer(p, outcome, &b);
	hook_leave(h);
	return size;
}

/* Made inside a hook. A family's function that hands on has got it from one that has been noted. */
static void passed(const struct call *c, const struct hook *h, void *p)
{
	struct thread *t = h->thread;
	if (t && p && !(c->instance->is_by_user && t->nested_made == (uintptr_t)p)) {
		t->passed_made = (uintptr_t)p;
		t->passed_allocator = c->instance->allocator;
	}
	hook_passed(h, p);
}

static AT_NOINLINE uintptr_t pass(const struct call *c, const struct hook *h)
{
	int8_t block = c->point->arguments.block;
	if (c->point->role == ROLE_USABLE_SIZE)
		return go_on(c);
	if (block >= 0 && c->a[block])
		hook_passed_release(h, old_block(c));
	uintptr_t result;
	if (block >= 0 && !role_is_release(c->point->role))
		passed(c, h, go_on_moving(c, old_block(c), &result));
	else if (role_is_release(c->point->role))
		result = go_on(c);
	else
		passed(c, h, made(c, result = go_on(c)));
	return result;
}

/* The allocator that gets the block: another one's is handed on to a function that the call names. NULL
 * if that is not hooked. */
static struct instance *receiver(const struct call *c, const struct hook *h)
{
	struct block b;
	hook_busy(h);
	bool own = !blocks_find(BLOCK_SPACE_HEAP, c->a[c->point->arguments.block], &b) ||
		   block_allocator(&b) == c->instance->allocator;
	hook_to_backend(h);
	return own ? c->instance : points_instance_of(c->a[c->point->arguments.other]);
}

/* libc's mmap and its like: who gets there past the runtime's is noted. */
static uintptr_t map_memory(const struct call *c, uintptr_t caller)
{
	const struct module *libc = &modules[c->point->module];
	const struct hooks_map_call map = {
		.role = c->point->role,
		.original = c->point->patch.original,
		.is_libc = caller >= libc->start && caller < libc->end,
		.caller = caller,
		.arguments = c->a,
	};
	return hooks_map_do(&map);
}

/* A function that is no allocator's. */
static AT_NOINLINE uintptr_t watch(const struct call *c, uintptr_t caller)
{
	if (c->point->flags & SESSION_HOOK_MAPS)
		return map_memory(c, caller);
	uintptr_t result = go_on(c);
	loader_changed();
	return result;
}

/* Nothing is done of that, and recorded. */
static inline bool is_without_block(const struct call *c)
{
	const enum point_act act = c->point->act;
	return (act == POINT_RELEASE || act == POINT_QUERY) && c->a[c->point->arguments.block] == 0;
}

uintptr_t hooks_inline_call(uintptr_t a0, uintptr_t a1, uintptr_t a2, uintptr_t a3, uintptr_t a4,
			    uintptr_t a5, const struct point *p)
{
	struct call c = { p, p->instance, { a0, a1, a2, a3, a4, a5 } };
	struct hook h;
	MAY_BE_UNWOUND();
	/* The entry's frame: this function's saved rbp. */
	const uintptr_t *frame = *(const uintptr_t *const *)__builtin_frame_address(0);
	if (p->is_kept)
		frame = (const uintptr_t *)frame[0];
	if (AT_UNLIKELY(!p->instance))
		return watch(&c, frame[1]);
	if (is_without_block(&c) || points_is_inner_call(p->instance, frame[1]))
		return go_on(&c);
	if (AT_UNLIKELY(!hook_enter_at(&h, frame)))
		return pass(&c, &h);
	if (AT_UNLIKELY(p->arguments.other >= 0) && !(c.instance = receiver(&c, &h))) {
		hook_leave(&h);
		return go_on(&c);
	}
	if (AT_UNLIKELY(p->instance->is_by_user)) {
		hook_settle(&h);
		c.instance = wrappers_called(p->instance);
	} else if (AT_UNLIKELY(c.instance->allocator != 0 && !at_load_relaxed(&c.instance->announced))) {
		hook_announce(&h, c.instance->allocator);
		hook_to_backend(&h);
	}
	switch (p->act) {
	case POINT_MAKE:
		return make(&c, &h);
	case POINT_MOVE:
		return move(&c, &h);
	case POINT_RELEASE:
		return give_back(&c, &h);
	case POINT_QUERY:
		return query(&c, &h);
	case POINT_DESTROY:
		break;
	}
	return destroy(&c, &h);
}

/* inline-allocator.c - inline hooks on all functions of the allocators in a shared library, also on
 * those that it does not export, in this process. Each known function is called before, with its
 * hook, through the hook's `original`, and after; it does the same, and the hook has seen every
 * call. For tests/inline.tap.
 *
 *   inline-allocator FILE.so FAMILY [-f FUNCTION]...
 *
 * -f: this function need not be hookable. Prints how many were planned, hooked and called. */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "elf/allocators.h"
#include "tests/lib/inline-library.h"

typedef uint64_t any_fn(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

enum form {
	MAKES,		    /* (size) */
	MAKES_ZEROED,	    /* (count, size) */
	MAKES_ZEROED_1,	    /* (size) */
	MAKES_ALIGNED,	    /* (alignment, size) */
	MAKES_SIZE_ALIGNED, /* (size, alignment) */
	MAKES_INTO,	    /* (where, alignment, size) */
	MAKES_ARRAY,	    /* (count, size) */
	RESIZES,	    /* (block, size) */
	RESIZES_ARRAY,	    /* (block, count, size) */
	TAKES,		    /* (block, size or alignment, alignment) */
	MEASURES,	    /* (block) */
	ANSWERS,	    /* (size, 0) */
};

struct known {
	const char *names; /* without the prefix, separated by blanks */
	enum form form;
};

enum { SIZE = 192, ALIGNMENT = 64 };

static const struct known known[] = {
	{ " malloc valloc pvalloc malloc_skip_new_handler mallocx _Znwm _Znam _ZnwmRKSt9nothrow_t "
	  "_ZnamRKSt9nothrow_t new newarray new_nothrow newarray_nothrow malloc_small ",
	  MAKES },
	{ " calloc ", MAKES_ZEROED },
	{ " zalloc zalloc_small ", MAKES_ZEROED_1 },
	{ " aligned_alloc memalign ", MAKES_ALIGNED },
	{ " malloc_aligned zalloc_aligned new_aligned new_aligned_nothrow aligned_malloc "
	  "_ZnwmSt11align_val_t _ZnamSt11align_val_t _ZnwmSt11align_val_tRKSt9nothrow_t "
	  "_ZnamSt11align_val_tRKSt9nothrow_t newarray_aligned ",
	  MAKES_SIZE_ALIGNED },
	{ " posix_memalign ", MAKES_INTO },
	{ " mallocn new_n ", MAKES_ARRAY },
	{ " realloc reallocf rezalloc rallocx new_realloc ", RESIZES },
	{ " reallocarray reallocn recalloc new_reallocn ", RESIZES_ARRAY },
	{ " free cfree delete deletearray delete_nothrow deletearray_nothrow _ZdlPv _ZdaPv "
	  "_ZdlPvm _ZdaPvm _ZdlPvRKSt9nothrow_t _ZdaPvRKSt9nothrow_t free_size free_sized "
	  "delete_sized deletearray_sized sdallocx dallocx ",
	  TAKES },
	{ " malloc_usable_size usable_size msize sallocx malloc_size ", MEASURES },
	{ " nallocx good_size ", ANSWERS },
};

struct entry {
	struct hook_point point;
	const char *name; /* without the prefix */
	const struct known *known;
};

struct instance {
	struct library library;
	struct entry *entries;
	size_t count;
	any_fn *make, *release, *measure;
};

static bool excepted(int argc, char **argv, const char *name)
{
	for (int i = 3; i + 1 < argc; i += 2)
		if (strcmp(argv[i], "-f") == 0 && strcmp(argv[i + 1], name) == 0)
			return true;
	return false;
}

static const struct known *find_known(const char *name)
{
	char word[128];
	snprintf(word, sizeof(word), " %s ", name);
	for (size_t i = 0; i < AT_COUNT_OF(known); i++)
		if (strstr(known[i].names, word))
			return &known[i];
	return NULL;
}

static any_fn *function_of(const struct instance *in, const char *names)
{
	for (size_t i = 0; i < in->count; i++) {
		char word[128];
		snprintf(word, sizeof(word), " %s ", in->entries[i].name);
		if (strstr(names, word))
			return (any_fn *)(uintptr_t)in->entries[i].point.address;
	}
	return NULL;
}

/* ---- calling ---- */

struct outcome {
	uint64_t usable;
	bool good; /* a block, aligned, zeroed, with the old contents, as it should be */
};

static bool is_filled(const uint8_t *block, uint8_t byte)
{
	for (size_t i = 0; i < SIZE; i++)
		if (block[i] != byte)
			return false;
	return true;
}

static struct outcome look_at(const struct instance *in, uint64_t block, bool good)
{
	struct outcome out = { 0, block != 0 && good };
	if (!block)
		return out;
	if (in->measure)
		out.usable = in->measure(block, 0, 0, 0, 0);
	memset((void *)(uintptr_t)block, 0xa5, SIZE);
	in->release(block, 0, 0, 0, 0);
	return out;
}

static struct outcome resize(const struct instance *in, any_fn *f, bool array)
{
	uint64_t block = in->make(SIZE, 0, 0, 0, 0);
	memset((void *)(uintptr_t)block, 0x5a, SIZE);
	block = array ? f(block, 8, SIZE, 0, 0) : f(block, (uint64_t)8 * SIZE, 0, 0, 0);
	return look_at(in, block, block && is_filled((uint8_t *)(uintptr_t)block, 0x5a));
}

static struct outcome call(const struct instance *in, const struct entry *e, any_fn *f)
{
	uint64_t block = 0, value;
	switch (e->known->form) {
	case MAKES:
		return look_at(in, f(SIZE, 0, 0, 0, 0), true);
	case MAKES_ZEROED:
		block = f(4, SIZE / 4, 0, 0, 0);
		return look_at(in, block, block && is_filled((uint8_t *)(uintptr_t)block, 0));
	case MAKES_ZEROED_1:
		block = f(SIZE, 0, 0, 0, 0);
		return look_at(in, block, block && is_filled((uint8_t *)(uintptr_t)block, 0));
	case MAKES_ALIGNED:
		block = f(ALIGNMENT, SIZE, 0, 0, 0);
		return look_at(in, block, block % ALIGNMENT == 0);
	case MAKES_SIZE_ALIGNED:
		block = f(SIZE, ALIGNMENT, 0, 0, 0);
		return look_at(in, block, block % ALIGNMENT == 0);
	case MAKES_INTO:
		value = f((uintptr_t)&block, ALIGNMENT, SIZE, 0, 0);
		return look_at(in, block, (int)value == 0 && block % ALIGNMENT == 0);
	case MAKES_ARRAY:
		return look_at(in, f(4, SIZE / 4, 0, 0, 0), true);
	case RESIZES:
	case RESIZES_ARRAY:
		return resize(in, f, e->known->form == RESIZES_ARRAY);
	case TAKES:
		value = strstr(e->name, "dallocx") && e->name[0] == 'd' ? 0 : SIZE;
		f(in->make(SIZE, 0, 0, 0, 0), value, 0, 0, 0);
		return (struct outcome){ 0, true };
	case MEASURES:
		block = in->make(SIZE, 0, 0, 0, 0);
		value = f(block, 0, 0, 0, 0);
		in->release(block, 0, 0, 0, 0);
		return (struct outcome){ value, value >= SIZE };
	default:
		value = f(SIZE, 0, 0, 0, 0);
		return (struct outcome){ value, value >= SIZE };
	}
}

/* ---- the test ---- */

static void find_functions(struct instance *in, struct allocators *found, const char *family)
{
	struct allocator_finder *finder = allocator_finder_new();
	allocators_find(finder, &in->library.file, in->library.path, found);
	allocator_finder_free(finder);
	for (size_t i = 0; i < found->count; i++) {
		const struct allocator *a = &found->items[i];
		if (strcmp(a->name, family) != 0)
			continue;
		in->entries = calloc(a->function_count + 1, sizeof(*in->entries));
		for (size_t k = 0; k < a->function_count; k++) {
			struct entry *e = &in->entries[in->count++];
			size_t prefix = strlen(a->prefix);
			e->point.address = in->library.bias + a->functions[k].address;
			e->name = a->functions[k].name;
			if (prefix && strncmp(e->name, a->prefix, prefix) == 0)
				e->name += prefix;
			e->known = find_known(e->name);
		}
		return;
	}
}

/* Another name of a function that is hooked already. */
static struct entry *same_function(struct instance *in, const struct entry *e)
{
	for (struct entry *other = in->entries; other < e; other++)
		if (other->point.address == e->point.address)
			return other;
	return NULL;
}

/* How much more than was asked for an aligned block has depends on where it comes to lie. */
static bool same_usable(const struct entry *e, struct outcome a, struct outcome b)
{
	return a.usable == b.usable || strstr(e->name, "align") || strstr(e->name, "valloc");
}

static void check(struct instance *in, struct entry *e, struct outcome before)
{
	struct entry *first = same_function(in, e);
	struct hook_point *p = first ? &first->point : &e->point;
	uint64_t calls = p->calls;
	struct outcome hooked = call(in, e, (any_fn *)(uintptr_t)e->point.address);
	calls = p->calls - calls;
	tell(before.good && hooked.good && same_usable(e, before, hooked) && calls > 0, e->name,
	     "%d %d, usable %" PRIu64 ", was %" PRIu64 "; %" PRIu64 " calls", before.good,
	     hooked.good, hooked.usable, before.usable, calls);
	struct outcome direct = call(in, e, (any_fn *)p->patch.original);
	tell(direct.good && same_usable(e, before, direct), "original", "%s", e->name);
}

static void check_all(struct instance *in, int argc, char **argv)
{
	unsigned planned = 0, hooked = 0, called = 0;
	struct outcome *before = calloc(in->count + 1, sizeof(*before));
	for (size_t i = 0; i < in->count; i++)
		if (in->entries[i].known)
			before[i] = call(in, &in->entries[i],
					 (any_fn *)(uintptr_t)in->entries[i].point.address);
	for (size_t i = 0; i < in->count; i++) {
		struct entry *e = &in->entries[i];
		if (same_function(in, e))
			continue;
		library_hook(&in->library, &e->point, e->name, e->point.address,
			     (const void *)count_and_call, COUNT_AND_CALL_ARGUMENT);
		planned += e->point.plan.reason == PLAN_NONE;
	}
	for (size_t i = 0; i < in->count; i++) {
		struct entry *e = &in->entries[i];
		if (!same_function(in, e) && e->point.reason == PLAN_NONE) {
			e->point.reason = inline_patch_enable(&e->point.patch, false);
			hooked += e->point.reason == PLAN_NONE;
		}
	}
	for (size_t i = 0; i < in->count; i++) {
		struct entry *e = &in->entries[i], *first = same_function(in, e);
		enum plan_reason reason = first ? first->point.reason : e->point.reason;
		if (reason == PLAN_NONE && e->known)
			check(in, e, before[i]);
		else if (reason != PLAN_NONE)
			tell(excepted(argc, argv, e->name), "hooked", "%s: %s", e->name,
			     plan_reason_word(reason));
		called += reason == PLAN_NONE && e->known;
	}
	unsigned failed = 0;
	for (size_t i = 0; i < in->count; i++)
		if (!same_function(in, &in->entries[i]) && in->entries[i].point.reason == PLAN_NONE)
			failed += inline_patch_disable(&in->entries[i].point.patch, false) != 0;
	tell(failed == 0, "all taken back", "%u are left", failed);
	for (size_t i = 0; i < in->count; i++)
		if (in->entries[i].known)
			tell(call(in, &in->entries[i],
				  (any_fn *)(uintptr_t)in->entries[i].point.address)
				     .good,
			     "after", "%s", in->entries[i].name);
	printf("note\t%zu names, %u functions planned, %u hooked, %u names called\n", in->count,
	       planned, hooked, called);
	tell(called > 0, "some were called", "none of %zu", in->count);
	free(before);
}

int main(int argc, char **argv)
{
	struct instance in = { .count = 0 };
	struct allocators found;
	if (argc < 3) {
		fprintf(stderr, "usage: inline-allocator FILE.so FAMILY [-f FUNCTION]...\n");
		return 64;
	}
	/* It must not call the malloc of this program. */
	library_open(&in.library, argv[1], RTLD_NOW | RTLD_DEEPBIND);
	find_functions(&in, &found, argv[2]);
	in.make = function_of(&in, " malloc _Znwm ");
	in.release = function_of(&in, " free _ZdlPv ");
	in.measure = function_of(&in, " malloc_usable_size usable_size msize ");
	if (in.make && in.release)
		check_all(&in, argc, argv);
	else
		tell(false, "an allocator", "%s has no %s", argv[1], argv[2]);
	free(in.entries);
	allocators_release(&found);
	library_close(&in.library);
	return 0;
}

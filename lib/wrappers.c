/* wrappers.c - see wrappers.h. */
#include "lib/wrappers.h"

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/elf_symbols.h"
#include "lib/modules.h"
#include "lib/real.h"

static const struct link_map *module_of(enum role role)
{
	struct module_range range;
	uintptr_t f = (uintptr_t)real_function(role);
	return f ? modules_map(f, &range) : NULL;
}

/* malloc_usable_size() is another library's where the one that serves malloc has none, and
 * operators of a library's own may have a heap of their own: nobody is to be asked then. */
static bool find_whether_whole(void)
{
	const struct link_map *heap = module_of(ROLE_MALLOC), *operators = module_of(ROLE_NEW);
	return heap && module_of(ROLE_USABLE_SIZE) == heap &&
	       (!operators || operators == heap || elf_symbol_in(operators, "_ZTISt9bad_alloc"));
}

static bool is_backend_whole(void)
{
	enum { UNASKED, NO, YES };
	static uint8_t answer;
	uint8_t known = at_load_relaxed(&answer);
	if (known == UNASKED) {
		known = find_whether_whole() ? YES : NO;
		at_store_relaxed(&answer, known);
	}
	return known == YES;
}

/* Is the block no larger than what the allocator gives for so many bytes? A pool that puts its
 * first block at the beginning of what malloc gave it returns the same address, too. Where the
 * allocator cannot be asked nothing is called wrong. */
static bool fits(uint32_t inner, const void *p, uint64_t bytes)
{
	enum { ROUNDED_BYTES = 64, PAGES_BYTES = 8192, LARGE_BYTES = 16384 };
	size_t (*usable)(void *) = points_function(inner, ROLE_USABLE_SIZE);
	if (!usable || (inner == 0 && !is_backend_whole()))
		return true;
	uint64_t most = bytes + bytes / 4 + (bytes < LARGE_BYTES ? ROUNDED_BYTES : PAGES_BYTES);
	return usable((void *)(uintptr_t)p) <= most;
}

uint32_t wrappers_maker(struct instance *family, const struct thread *t, const void *p,
			uint64_t bytes)
{
	uint32_t inner = t->passed_made == (uintptr_t)p ? t->passed_allocator : 0;
	/* Its calloc may call its alloc. */
	bool is_others = t->nested_made == (uintptr_t)p && inner != family->allocator;
	if (is_others && fits(inner, p, bytes)) {
		const struct instance *twin = points_twin(family, inner);
		return twin && twin->inner == inner ? twin->allocator : inner;
	}
	if (!at_load_relaxed(&family->has_own))
		at_store_relaxed(&family->has_own, true);
	return family->allocator;
}

/* The allocator whose heap the blocks lie in; *family: the number of the family if that is another.
 */
static uint32_t heap_of(uint32_t allocator, const struct instance **family)
{
	const struct instance *i = allocator ? points_instance(allocator) : NULL;
	*family = NULL;
	for (unsigned depth = 0; i && i->outer && depth < 4; depth++) {
		*family = *family ? *family : i->outer;
		allocator = i->inner;
		i = allocator ? points_instance(allocator) : NULL;
	}
	return allocator;
}

bool wrappers_hand_on(uint32_t allocator)
{
	const struct instance *i = allocator ? points_instance(allocator) : NULL;
	return i && i->outer;
}

/* A family that has made no block: what its functions do with one is not known. */
static bool is_unknown(uint32_t allocator)
{
	const struct instance *i = allocator ? points_instance(allocator) : NULL;
	return i && i->is_by_user && !i->outer && !at_load_relaxed(&i->has_own);
}

bool wrappers_are_one(uint32_t maker, uint32_t receiver)
{
	const struct instance *made_as, *called_as;
	uint32_t from = heap_of(maker, &made_as), to = heap_of(receiver, &called_as);
	if (from == to || is_unknown(receiver))
		return true;
	return made_as && made_as->allocator == receiver;
}

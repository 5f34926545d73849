/* one_heap.c - see one_heap.h. */
#include "lib/one_heap.h"

#include <link.h>

#include "lib/elf_symbols.h"
#include "lib/modules.h"
#include "lib/points.h"
#include "lib/real.h"
#include "lib/wrappers.h"

static bool calls_by_name(enum role role)
{
	return (role >= ROLE_NEW && role <= ROLE_DELETE_ARRAY_SIZED_ALIGNED) ||
	       role == ROLE_REALLOCARRAY;
}

/* Where a function of the program's heap ends: it is not where malloc is, and what it calls by name
 * is the program's own. */
static uint32_t end_of(uint32_t allocator, enum role role)
{
	struct module_range range;
	const struct link_map *program = elf_first_module();
	uintptr_t f = (uintptr_t)at_load_relaxed(&real_addresses[role]);
	uintptr_t heap = (uintptr_t)at_load_relaxed(&real_addresses[ROLE_MALLOC]);
	if (allocator != 0 || !calls_by_name(role) || !program || !f)
		return allocator;
	if (role != ROLE_REALLOCARRAY && modules_map(f, &range) == modules_map(heap, &range))
		return allocator;
	const struct instance *i = points_instance_of((uintptr_t)elf_symbol_in(program, "free"));
	return i ? i->allocator : 0;
}

/* Does malloc hand on to libc's? What libc's hook passes through is noted in the thread; a hook of
 * the heap's own allocator would note it, too. */
static bool hands_on_to_libc(const struct hook *h)
{
	enum { UNASKED, NO, YES };
	enum { PROBE_BYTES = 24 };
	static uint8_t answer;
	uint8_t known = at_load_relaxed(&answer);
	if (points_serve_heap())
		return false;
	if (known != UNASKED)
		return known == YES;
	void *(*make)(size_t) = (void *(*)(size_t))real_function(ROLE_MALLOC);
	void (*release)(void *) = (void (*)(void *))real_function(ROLE_FREE);
	struct thread *t = h->thread;
	uintptr_t releasing = t->releasing;
	hook_to_backend(h);
	void *p = make(PROBE_BYTES);
	known = p && t->nested_made == (uintptr_t)p ? YES : NO;
	t->nested_made = 0;
	t->releasing = (uintptr_t)p;
	if (p)
		release(p);
	t->releasing = releasing;
	hook_busy(h);
	at_store_relaxed(&answer, known);
	return known == YES;
}

bool one_heap(const struct hook *h, const struct one_heap_question *q)
{
	uint32_t maker = end_of(q->maker, q->made_role), receiver = end_of(q->receiver, q->role);
	uint32_t libc = points_libc();
	if (maker == receiver || wrappers_are_one(maker, receiver))
		return true;
	return libc != 0 &&
	       ((maker == libc && receiver == 0) || (maker == 0 && receiver == libc)) &&
	       hands_on_to_libc(h);
}

/* judge.c - see judge.h. */
#include "lib/judge.h"

#include <elf.h>
#include <sys/auxv.h>

#include "lib/judge_mapped.h"
#include "lib/modules.h"
#include "lib/points.h"
#include "lib/real.h"
#include "lib/thread.h"

#define BIT(role) (UINT64_C(1) << ROLE_##role)

/* Made by malloc and its like without an alignment; with one; both. */
#define PLAIN (BIT(MALLOC) | BIT(CALLOC) | BIT(REALLOC) | BIT(REALLOCARRAY))
#define ALIGNED                                                                               \
	(BIT(POSIX_MEMALIGN) | BIT(ALIGNED_ALLOC) | BIT(MEMALIGN) | BIT(VALLOC) | BIT(PVALLOC))
#define MALLOCED (PLAIN | ALIGNED)
#define NEW	 (BIT(NEW) | BIT(NEW_NOTHROW))
#define NEW_ALIGNED (BIT(NEW_ALIGNED) | BIT(NEW_ALIGNED_NOTHROW))
#define ARRAY	 (BIT(NEW_ARRAY) | BIT(NEW_ARRAY_NOTHROW))
#define ARRAY_ALIGNED (BIT(NEW_ARRAY_ALIGNED) | BIT(NEW_ARRAY_ALIGNED_NOTHROW))

const uint64_t judge_accepts[ROLE_COUNT] = {
	[ROLE_FREE] = MALLOCED,
	[ROLE_CFREE] = MALLOCED,
	[ROLE_REALLOC] = MALLOCED,
	[ROLE_REALLOCARRAY] = MALLOCED,
	[ROLE_FREE_SIZED] = PLAIN,
	[ROLE_FREE_ALIGNED_SIZED] = ALIGNED,
	[ROLE_USABLE_SIZE] = UINT64_MAX, /* whatever made it */
	[ROLE_DELETE] = NEW,
	[ROLE_DELETE_NOTHROW] = NEW,
	[ROLE_DELETE_SIZED] = NEW,
	[ROLE_DELETE_ALIGNED] = NEW_ALIGNED,
	[ROLE_DELETE_ALIGNED_NOTHROW] = NEW_ALIGNED,
	[ROLE_DELETE_SIZED_ALIGNED] = NEW_ALIGNED,
	[ROLE_DELETE_ARRAY] = ARRAY,
	[ROLE_DELETE_ARRAY_NOTHROW] = ARRAY,
	[ROLE_DELETE_ARRAY_SIZED] = ARRAY,
	[ROLE_DELETE_ARRAY_ALIGNED] = ARRAY_ALIGNED,
	[ROLE_DELETE_ARRAY_ALIGNED_NOTHROW] = ARRAY_ALIGNED,
	[ROLE_DELETE_ARRAY_SIZED_ALIGNED] = ARRAY_ALIGNED,
	[ROLE_POOL_FREE] = BIT(POOL_ALLOC) | BIT(POOL_MOVE),
	[ROLE_POOL_MOVE] = BIT(POOL_ALLOC) | BIT(POOL_MOVE),
};

/* Functions whose blocks differ in their alignment alone. */
static const uint64_t kinds[] = { MALLOCED, NEW | NEW_ALIGNED, ARRAY | ARRAY_ALIGNED };

static bool same_kind(uint64_t accepted, unsigned made)
{
	for (unsigned i = 0; i < AT_COUNT_OF(kinds); i++)
		if (kinds[i] & accepted)
			return kinds[i] >> made & 1;
	return true;
}

static void judge_live(const struct release *r, const struct block *b, struct finding *f)
{
	uint64_t accepted = judge_accepts[r->role];
	f->outcome = FINDING_TO_OWNER;
	f->argument = r->align;
	if (block_allocator(b) != r->allocator) {
		f->class = points_are_gone(block_allocator(b)) ? FINDING_GONE : FINDING_CROSS;
		f->argument = r->allocator;
		if (r->role != ROLE_USABLE_SIZE &&
		    !points_function(block_allocator(b), role_is_release(r->role) ? ROLE_FREE : ROLE_REALLOC))
			f->outcome = FINDING_SWALLOWED; /* it has no plain function for that */
		return;
	}
	if (!same_kind(accepted, block_role(b))) {
		/* All forms of one backend take each other's blocks, or say themselves that they do not.
		 * A size, though, finds the block only together with the alignment that it was made
		 * with, and that a form of another kind may not have. */
		f->class = FINDING_MISMATCH;
		if (r->size == RELEASE_NO_SIZE && r->align == 0)
			f->outcome = FINDING_HANDED_ON;
	} else if (accepted >> block_role(b) & 1 && r->size != RELEASE_NO_SIZE &&
		   r->size != block_size(b)) {
		f->class = FINDING_SIZE;
		f->argument = r->size;
	} else {
		f->class = FINDING_ALIGNMENT;
	}
}

/* What glibc puts the thread pointer at lies at the upper end of a thread's stack. */
static uintptr_t thread_pointer(void)
{
	uintptr_t p;
	__asm__("mov %%fs:0, %0" : "=r"(p));
	return p;
}

/* The main program's thread-local variables, which lie right below the thread pointer; where those of
 * libraries are only ld.so knows. */
static bool is_thread_local(uintptr_t address)
{
	const Elf64_Phdr *ph = (const Elf64_Phdr *)getauxval(AT_PHDR);
	unsigned long count = getauxval(AT_PHNUM);
	for (unsigned long i = 0; ph && i < count; i++) {
		if (ph[i].p_type != PT_TLS)
			continue;
		uintptr_t align = ph[i].p_align ? ph[i].p_align : 1;
		uintptr_t bytes = (ph[i].p_memsz + align - 1) & ~(align - 1);
		return thread_pointer() - address <= bytes && address < thread_pointer();
	}
	return false;
}

/* The frames of the caller's own stack, if it is one whose end is known: that of the first thread,
 * or one made by the thread library. Another mapping may follow a thread's stack without a gap. On
 * other stacks, a coroutine's, only the frames that the unwinder finds are certain. */
static bool is_on_stack(uintptr_t address, const struct judge_place *place)
{
	uintptr_t own = thread_pointer(), first = getauxval(AT_RANDOM), end;
	if (first >= place->frame && first < place->stack_high)
		end = place->stack_high;
	else if (own >= place->frame && own < place->stack_high)
		end = own;
	else
		return stack_has_in_frames(place->stack, &place->caller, address);
	return address >= place->frame && address < end;
}

/* An allocator may give out its module's own memory; and ld.so does, before there is another. */
static bool serves(const struct module *m)
{
	uintptr_t interpreter = getauxval(AT_BASE);
	return real_serves(m->start, m->end) ||
	       (interpreter >= m->start && interpreter < m->end);
}

static bool judge_module(uintptr_t address, struct finding *f)
{
	bool is_new;
	uint32_t index = modules_find(address, &is_new), flags = 0;
	if (is_new)
		thread_announce_module(&modules[index]);
	if (index == MODULE_ANONYMOUS || serves(&modules[index]) ||
	    !modules_segment_flags(&modules[index], address, &flags))
		return false;
	f->class = flags & PF_X ? FINDING_CODE : FINDING_GLOBAL;
	f->argument = modules[index].id + 1;
	return true;
}

static void fill_block(struct finding *f, const struct block *b)
{
	f->flags |= FINDING_HAS_BLOCK;
	f->made_role = (uint8_t)block_role(b);
	f->allocator = (uint16_t)block_allocator(b);
	f->made_stack = block_stack(b);
	f->made_slot = (uint16_t)block_slot(b);
	f->size = block_size(b);
	f->age = block_made(b); /* until the time is known */
}

static bool judge_unknown(const struct release *r, uintptr_t address,
			  const struct judge_place *place, struct finding *f)
{
	struct block b;
	f->outcome = FINDING_SWALLOWED;
	if (is_thread_local(address)) {
		f->class = FINDING_GLOBAL;
		return true;
	}
	if (is_on_stack(address, place)) {
		f->class = FINDING_STACK;
		return true;
	}
	/* A pool's block that is none of the program's heap: pools may hand on what malloc gave them. */
	if (blocks_find(BLOCK_SPACE_POOL, address, &b)) {
		f->class = FINDING_CROSS;
		fill_block(f, &b);
		return true;
	}
	if (judge_module(address, f))
		return true;
	uintptr_t start = blocks_find_around(BLOCK_SPACE_HEAP, address, &b);
	if (!start)
		return judge_mapped(r, address, f);
	f->class = FINDING_INTERIOR;
	f->argument = address - start;
	fill_block(f, &b);
	return true;
}

bool judge_release(const struct release *r, uintptr_t address, enum block_state state,
		   const struct block *b, const struct judge_place *place, struct finding *f)
{
	*f = (struct finding){ .role = (uint8_t)r->role, .hook = (uint16_t)r->hook, .address = address };
	switch (state) {
	case BLOCK_LIVE:
	case BLOCK_UNRECORDED:
		fill_block(f, b);
		if (judge_is_right(r, address, b))
			return false;
		judge_live(r, b, f);
		return true;
	case BLOCK_FREED:
		fill_block(f, b);
		f->flags |= FINDING_WAS_FREED;
		f->class = FINDING_DOUBLE;
		f->outcome = FINDING_SWALLOWED;
		f->first_slot = (uint16_t)block_freeing_slot(b);
		f->first_site = block_freeing_site(b);
		return true;
	default:
		return judge_unknown(r, address, place, f);
	}
}

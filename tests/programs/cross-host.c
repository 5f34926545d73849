/* cross-host.c - blocks of one allocator given to another, for many allocators in one process.
 *
 *	cross-host wrong|right|one SIDE...
 *	SIDE: HOW,PATH,MALLOC,NEW,LIBC
 *
 * HOW is self (the program's own side, no PATH), open, deepbind or namespace; MALLOC, NEW and LIBC
 * name the allocators that its malloc, its operator new and the C library's functions, strdup and
 * so on, have. Prints what a trace must hold (expect.h): lines with owner= and to= are of wrong
 * releases. one: a single wrong free, by the last side, of a block of the first. */
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "cross-side.h"
#include "expect.h"

enum { SIDES_MAX = 40, NAME_BYTES = 128, ROUNDS = 25, FIRST_BYTES = 5001, MORE_BYTES = 40000 };

struct loaded {
	const struct side *side;
	char how[NAME_BYTES], path[256], malloc[NAME_BYTES], new[NAME_BYTES], libc[NAME_BYTES];
};

static struct loaded sides[SIDES_MAX];
static int count;
static size_t next_bytes = FIRST_BYTES; /* every case has a size of its own */

static void load(const char *text)
{
	struct loaded *s = &sides[count++];
	void *handle = NULL;
	CHECK(count <= SIDES_MAX);
	CHECK(sscanf(text, "%127[^,],%255[^,],%127[^,],%127[^,],%127[^,]", s->how, s->path,
		     s->malloc, s->new, s->libc) == 5);
	if (strcmp(s->how, "self") == 0) {
		s->side = cross_side();
		return;
	}
	if (strcmp(s->how, "namespace") == 0)
		handle = dlmopen(LM_ID_NEWLM, s->path, RTLD_NOW | RTLD_LOCAL);
	else
		handle = dlopen(s->path,
				RTLD_NOW | RTLD_LOCAL |
					(strcmp(s->how, "deepbind") == 0 ? RTLD_DEEPBIND : 0));
	if (!handle)
		fprintf(stderr, "%s\n", dlerror());
	CHECK(handle);
	const struct side *(*get)(void);
	*(void **)&get = dlsym(handle, "cross_side");
	CHECK(get);
	s->side = get();
}

static const char *owner(const struct loaded *s, enum side_kind kind)
{
	return kind >= KIND_NEW ? s->new : kind >= KIND_STRDUP ? s->libc : s->malloc;
}

static bool is_operator(const struct loaded *s, enum side_way way)
{
	return way >= WAY_DELETE || (way == WAY_SIZED && s->side->sized == SIZED_DELETE);
}

static const char *receiver(const struct loaded *s, enum side_way way)
{
	if (way == WAY_SIZED && s->side->sized == SIZED_NONE)
		return "-";
	if (way == WAY_USABLE && !s->side->has_usable)
		return "-";
	return is_operator(s, way) ? s->new : s->malloc;
}

/* The block as it was, moved to its new size by its owner's realloc. */
static void check_moved(char *p, char first, size_t bytes)
{
	CHECK(p);
	for (size_t i = 0; i + 1 < bytes; i++)
		CHECK(p[i] == first);
}

/* A mistake is one finding however often it occurs, and where the C library makes blocks is one
 * place for all sides that share it. */
static bool is_told_once(const struct loaded *from, enum side_kind kind)
{
	return kind < KIND_STRDUP || kind >= KIND_NEW || from == &sides[0] ||
	       strcmp(from->how, "namespace") == 0;
}

static NOINLINE void wrong(const struct loaded *from, const struct loaded *to, enum side_kind kind,
			   enum side_way way)
{
	if (strcmp(owner(from, kind), receiver(to, way)) == 0 ||
	    strcmp(receiver(to, way), "-") == 0 || !is_told_once(from, kind))
		return;
	char *p = from->side->make(kind, next_bytes);
	if (!p)
		return;
	char first = *p;
	char *moved = to->side->release(way, p, next_bytes + (way == WAY_REALLOC ? MORE_BYTES : 0));
	expect("size=%zu kind=%d way=%d operator=%d from=%d by=%d owner=%s to=%s", next_bytes, kind,
	       way, is_operator(to, way), (int)(from - sides), (int)(to - sides), owner(from, kind),
	       receiver(to, way));
	if (way == WAY_REALLOC)
		check_moved(moved, first, next_bytes);
	if (moved && kind < KIND_STRDUP)
		from->side->release(WAY_FREE, moved, 0);
	next_bytes++;
}

static void all_wrong(const struct loaded *from, const struct loaded *to)
{
	static const struct {
		enum side_kind kind;
		enum side_way way;
	} cases[] = { { KIND_MALLOC, WAY_FREE },    { KIND_MALLOC, WAY_REALLOC },
		      { KIND_MALLOC, WAY_USABLE },  { KIND_STRDUP, WAY_USABLE },
		      { KIND_MALLOC, WAY_SIZED },   { KIND_NEW, WAY_SIZED },
		      { KIND_MALLOC, WAY_DELETE },  { KIND_CALLOC, WAY_FREE },
		      { KIND_ALIGNED, WAY_FREE },   { KIND_STRDUP, WAY_FREE },
		      { KIND_ASPRINTF, WAY_FREE },  { KIND_GETLINE, WAY_FREE },
		      { KIND_STRDUP, WAY_REALLOC }, { KIND_NEW, WAY_DELETE },
		      { KIND_NEW, WAY_FREE },	    { KIND_NEW_ARRAY, WAY_DELETE_ARRAY } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		wrong(from, to, cases[i].kind, cases[i].way);
}

/* The same blocks, each given back to its own. */
static NOINLINE void right(const struct loaded *s, enum side_kind kind, enum side_way way)
{
	if (strcmp(owner(s, kind), receiver(s, way)) != 0)
		return;
	int made = 0;
	for (int i = 0; i < ROUNDS; i++) {
		void *p = s->side->make(kind, next_bytes);
		if (!p)
			return;
		made++;
		if (s->side->has_usable && strcmp(owner(s, kind), s->malloc) == 0)
			s->side->release(WAY_USABLE, p, next_bytes);
		s->side->release(way, p, next_bytes);
	}
	expect("size=%zu allocs=%d frees=%d", next_bytes, made, made);
	next_bytes++;
}

/* Grown by realloc: two sizes, and each block is given back twice, as realloc does. */
static NOINLINE void right_moved(const struct loaded *s)
{
	for (int i = 0; i < ROUNDS; i++) {
		char *p = s->side->make(KIND_MALLOC, next_bytes);
		CHECK(p);
		char *moved = s->side->release(WAY_REALLOC, p, next_bytes + MORE_BYTES);
		check_moved(moved, 'x', next_bytes);
		s->side->release(WAY_FREE, moved, 0);
	}
	expect("size=%zu allocs=%d frees=%d", next_bytes, ROUNDS, ROUNDS);
	expect("size=%zu allocs=%d frees=%d", next_bytes + MORE_BYTES, ROUNDS, ROUNDS);
	next_bytes++;
}

static void all_right(const struct loaded *s)
{
	for (enum side_kind kind = 0; kind < KIND_NEW; kind++)
		right(s, kind, WAY_FREE);
	/* With RTLD_DEEPBIND libstdc++'s own operator new makes the block, past the runtime, and its sized
	 * form calls the plain one, which the runtime sees. */
	if (strcmp(s->how, "deepbind") != 0)
		right(s, s->side->sized == SIZED_DELETE ? KIND_NEW : KIND_MALLOC, WAY_SIZED);
	right(s, KIND_NEW, WAY_DELETE);
	right(s, KIND_NEW_ARRAY, WAY_DELETE_ARRAY);
	right_moved(s);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	for (int i = 2; i < argc; i++)
		load(argv[i]);
	CHECK(count > 0);
	if (strcmp(what, "one") == 0)
		wrong(&sides[0], &sides[count - 1], KIND_MALLOC, WAY_FREE);
	for (int i = 0; i < count; i++) {
		if (strcmp(what, "right") == 0)
			all_right(&sides[i]);
		/* Every side with the first, both ways; and the others with the next, round. */
		if (strcmp(what, "wrong") == 0 && i > 0) {
			all_wrong(&sides[0], &sides[i]);
			all_wrong(&sides[i], &sides[0]);
			all_wrong(&sides[i], &sides[i + 1 < count ? i + 1 : 1]);
		}
		if (strcmp(what, "all") == 0)
			for (int k = 0; k < count; k++)
				if (k != i)
					all_wrong(&sides[i], &sides[k]);
	}
	return 0;
}

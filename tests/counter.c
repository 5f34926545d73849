/* counter.c - an allocation counter that shares no code and no idea with the runtime.
 *
 * LD_PRELOADed, alone or behind the runtime, it counts for every entry point of wire/roles.def how
 * many blocks it made and how many it took back. Only outermost calls count: the malloc inside an
 * operator new is part of it. The counts live in a file (environment: COUNTER_FILE) that all
 * processes map shared, so they are right at every moment, also after _exit, exec or a kill.
 * COUNTER_SKIP names a program (its short name) that is not counted: the tool.
 *
 * What counts: a call that made a block (it returned one) and a call that took one back (its
 * argument was one). A realloc that worked on a block does both; one that failed, neither.
 * Symbols that no library behind it defines are answered by free or malloc.
 *
 * The real functions are looked up here and not by dlsym, which allocates when it fails: those
 * blocks would be seen by the runtime or not depending on who happens to call first. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))
#define TLS static __thread __attribute__((tls_model("initial-exec")))

enum role {
#define ROLE(name, symbol, group, words) ROLE_##name,
#include "wire/roles.def"
#undef ROLE
	ROLE_COUNT
};

struct counts {
	uint64_t made[ROLE_COUNT];
	uint64_t taken[ROLE_COUNT];
};

static struct counts private_counts; /* until the file is mapped, and without one */
static struct counts *counts = &private_counts;
static void *real[ROLE_COUNT];
TLS int depth;

static const char *const role_names[] = {
#define ROLE(name, symbol, group, words) symbol,
#include "wire/roles.def"
#undef ROLE
};

static void add(uint64_t *count)
{
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

static void map_counts(void)
{
	const char *path = getenv("COUNTER_FILE");
	const char *skip = getenv("COUNTER_SKIP");
	if (!path || (skip && strcmp(skip, program_invocation_short_name) == 0))
		return;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	void *p = MAP_FAILED;
	if (ftruncate(fd, sizeof(struct counts)) == 0)
		p = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return;
	struct counts *shared = p;
	for (int i = 0; i < ROLE_COUNT; i++) {
		__atomic_fetch_add(&shared->made[i], private_counts.made[i], __ATOMIC_RELAXED);
		__atomic_fetch_add(&shared->taken[i], private_counts.taken[i], __ATOMIC_RELAXED);
	}
	counts = shared;
}

static uint32_t name_hash(const char *name)
{
	uint32_t h = 5381;
	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

/* The definition of name in one loaded library, by its GNU hash table; NULL if there is none.
 * Hidden versions do not count. */
static void *find_in(const struct link_map *map, const char *name, uint32_t hash)
{
	const ElfW(Sym) *symbols = NULL;
	const char *strings = NULL;
	const uint32_t *table = NULL;
	const ElfW(Half) *versions = NULL;
	for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
		const void *p = (const void *)d->d_un.d_ptr;
		if (d->d_tag == DT_SYMTAB)
			symbols = p;
		else if (d->d_tag == DT_STRTAB)
			strings = p;
		else if (d->d_tag == DT_GNU_HASH)
			table = p;
		else if (d->d_tag == DT_VERSYM)
			versions = p;
	}
	/* The vdso's pointers are not relocated; it has nothing for us. */
	if (!symbols || !strings || !table || (uintptr_t)table < map->l_addr || !table[0])
		return NULL;
	const uint32_t *buckets = table + 4 + 2 * table[2], *chain = buckets + table[0];
	uint32_t i = buckets[hash % table[0]];
	if (i < table[1])
		return NULL;
	for (;; i++) {
		uint32_t link = chain[i - table[1]];
		if ((link | 1) == (hash | 1) && symbols[i].st_shndx != SHN_UNDEF &&
		    !(versions && versions[i] & 0x8000) &&
		    strcmp(strings + symbols[i].st_name, name) == 0)
			return (void *)(map->l_addr + symbols[i].st_value);
		if (link & 1)
			return NULL;
	}
}

static void resolve(void)
{
	extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));
	const struct link_map *self = _r_debug.r_map;
	while (self && self->l_ld != _DYNAMIC)
		self = self->l_next;
	for (int i = ROLE_COUNT - 1; self && i >= 0; i--)
		for (const struct link_map *m = self->l_next; m && !real[i]; m = m->l_next)
			real[i] = find_in(m, role_names[i], name_hash(role_names[i]));
}

/* The environment can be read from here on; earlier calls are in private_counts. */
__attribute__((constructor)) static void start(void)
{
	if (!real[ROLE_MALLOC])
		resolve();
	map_counts();
}

static void *lookup(enum role role)
{
	if (!real[role])
		resolve();
	return real[role];
}

static void leave(const int *entered)
{
	(void)entered;
	depth--;
}

/* Makes the calls in the rest of the scope inner ones; also left by an exception (bad_alloc). */
#define INNER __attribute__((cleanup(leave), unused)) const int inner = depth++

#define REAL(role, type) ((type)lookup(ROLE_##role))

/* Counts at the outermost call only, and leaves errno alone. */
#define MADE(role, p) ((void)(depth == 0 && (p) && (add(&counts->made[ROLE_##role]), 1)))
#define TAKEN(role, p) ((void)(depth == 0 && (p) && (add(&counts->taken[ROLE_##role]), 1)))

/* A function that makes a block: counted after the real call. */
#define MAKER(role, name, params, args)                            \
	API void *name params                                      \
	{                                                          \
		void *(*fn) params = REAL(role, void *(*) params); \
		void *p;                                           \
		{                                                  \
			INNER;                                     \
			p = fn args;                               \
		}                                                  \
		MADE(role, p);                                     \
		return p;                                          \
	}

/* A function that takes a block back; `otherwise` serves where nobody has it. */
#define TAKER(role, name, params, args, otherwise)           \
	API void name params                                 \
	{                                                    \
		void (*fn) params = REAL(role, void (*) params); \
		TAKEN(role, p);                                  \
		INNER;                                           \
		if (fn)                                          \
			fn args;                                 \
		else                                             \
			otherwise;                               \
	}

API void *malloc(size_t n)
{
	void *(*fn)(size_t) = REAL(MALLOC, void *(*)(size_t));
	depth++;
	void *p = fn(n);
	depth--;
	MADE(MALLOC, p);
	return p;
}

API void *calloc(size_t n, size_t m)
{
	void *(*fn)(size_t, size_t) = REAL(CALLOC, void *(*)(size_t, size_t));
	depth++;
	void *p = fn(n, m);
	depth--;
	MADE(CALLOC, p);
	return p;
}

static void *count_realloc(enum role role, void *old, size_t n, void *p)
{
	if (depth == 0) {
		if (old && (p || n == 0))
			add(&counts->taken[role]);
		if (p)
			add(&counts->made[role]);
	}
	return p;
}

API void *realloc(void *old, size_t n)
{
	void *(*fn)(void *, size_t) = REAL(REALLOC, void *(*)(void *, size_t));
	depth++;
	void *p = fn(old, n);
	depth--;
	return count_realloc(ROLE_REALLOC, old, n, p);
}

API void *reallocarray(void *old, size_t n, size_t m)
{
	void *(*fn)(void *, size_t, size_t) = REAL(REALLOCARRAY, void *(*)(void *, size_t, size_t));
	depth++;
	void *p = fn(old, n, m);
	depth--;
	return count_realloc(ROLE_REALLOCARRAY, old, n && m, p);
}

API int posix_memalign(void **out, size_t alignment, size_t n)
{
	int (*fn)(void **, size_t, size_t) =
		REAL(POSIX_MEMALIGN, int (*)(void **, size_t, size_t));
	depth++;
	int rc = fn(out, alignment, n);
	depth--;
	MADE(POSIX_MEMALIGN, rc == 0 && *out);
	return rc;
}

MAKER(ALIGNED_ALLOC, aligned_alloc, (size_t a, size_t n), (a, n))
MAKER(MEMALIGN, memalign, (size_t a, size_t n), (a, n))
MAKER(VALLOC, valloc, (size_t n), (n))
MAKER(PVALLOC, pvalloc, (size_t n), (n))
TAKER(FREE, free, (void *p), (p), (void)0)
TAKER(FREE_SIZED, free_sized, (void *p, size_t n), (p, n), REAL(FREE, void (*)(void *))(p))
TAKER(FREE_ALIGNED_SIZED, free_aligned_sized, (void *p, size_t a, size_t n), (p, a, n),
      REAL(FREE, void (*)(void *))(p))

/* The operators, by their mangled names; align_val_t is a size_t, nothrow_t an address. */
MAKER(NEW, _Znwm, (size_t n), (n))
MAKER(NEW_NOTHROW, _ZnwmRKSt9nothrow_t, (size_t n, void *t), (n, t))
MAKER(NEW_ALIGNED, _ZnwmSt11align_val_t, (size_t n, size_t a), (n, a))
MAKER(NEW_ALIGNED_NOTHROW, _ZnwmSt11align_val_tRKSt9nothrow_t, (size_t n, size_t a, void *t),
      (n, a, t))
MAKER(NEW_ARRAY, _Znam, (size_t n), (n))
MAKER(NEW_ARRAY_NOTHROW, _ZnamRKSt9nothrow_t, (size_t n, void *t), (n, t))
MAKER(NEW_ARRAY_ALIGNED, _ZnamSt11align_val_t, (size_t n, size_t a), (n, a))
MAKER(NEW_ARRAY_ALIGNED_NOTHROW, _ZnamSt11align_val_tRKSt9nothrow_t,
      (size_t n, size_t a, void *t), (n, a, t))
TAKER(DELETE, _ZdlPv, (void *p), (p), free(p))
TAKER(DELETE_NOTHROW, _ZdlPvRKSt9nothrow_t, (void *p, void *t), (p, t), free(p))
TAKER(DELETE_SIZED, _ZdlPvm, (void *p, size_t n), (p, n), free(p))
TAKER(DELETE_ALIGNED, _ZdlPvSt11align_val_t, (void *p, size_t a), (p, a), free(p))
TAKER(DELETE_ALIGNED_NOTHROW, _ZdlPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t a, void *t),
      (p, a, t), free(p))
TAKER(DELETE_SIZED_ALIGNED, _ZdlPvmSt11align_val_t, (void *p, size_t n, size_t a), (p, n, a),
      free(p))
TAKER(DELETE_ARRAY, _ZdaPv, (void *p), (p), free(p))
TAKER(DELETE_ARRAY_NOTHROW, _ZdaPvRKSt9nothrow_t, (void *p, void *t), (p, t), free(p))
TAKER(DELETE_ARRAY_SIZED, _ZdaPvm, (void *p, size_t n), (p, n), free(p))
TAKER(DELETE_ARRAY_ALIGNED, _ZdaPvSt11align_val_t, (void *p, size_t a), (p, a), free(p))
TAKER(DELETE_ARRAY_ALIGNED_NOTHROW, _ZdaPvSt11align_val_tRKSt9nothrow_t,
      (void *p, size_t a, void *t), (p, a, t), free(p))
TAKER(DELETE_ARRAY_SIZED_ALIGNED, _ZdaPvmSt11align_val_t, (void *p, size_t n, size_t a),
      (p, n, a), free(p))

// wrong-places.cc - releases of what is no live block: freed ones, insides, stack, global memory, code.
//
// usage: wrong-places LIBRARY. Prints what is to be found, as wrong-forms does.
#pragma GCC diagnostic ignored "-Wuse-after-free" // what this program is for
#include <alloca.h>
#include <malloc.h>
#include <new>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "../../lib/alloctrace.h"
#include "expect.h"

enum { ROUNDS = 3 };

// Not known to the compiler: an unrolled loop releases at several places.
static volatile int rounds = ROUNDS;

// ---- twice ----

static void NOINLINE release_elsewhere(void *p)
{
	free(p);
	KEEP_FRAME();
}

template <int> void NOINLINE release_again(void *p)
{
	free(p);
	KEEP_FRAME();
}

static void *thread_that_releases(void *p)
{
	release_elsewhere(p);
	return nullptr;
}

template <int N> void NOINLINE twice(size_t size, void (*first)(void *), const char *name)
{
	for (int i = 0; i < rounds; i++) {
		void *p = keep(malloc(size));
		first(p);
		release_again<N>(p);
	}
	printf("wrong class=double role=free made=malloc size=%zu count=%d outcome=swallowed from=release_again "
	       "maker=twice first=%s\n", size, ROUNDS, name);
}

static void NOINLINE in_another_thread(void *p)
{
	pthread_t t;
	CHECK(pthread_create(&t, nullptr, thread_that_releases, p) == 0 && pthread_join(t, nullptr) == 0);
}

static void NOINLINE move_away(void *p)
{
	void *behind = keep(malloc(100000)); // in the way
	void *q = keep(realloc(p, 3000000));
	CHECK(q != p);
	free(q);
	free(behind);
	KEEP_FRAME();
}

static void NOINLINE resize_freed(size_t size)
{
	for (int i = 0; i < rounds; i++) {
		void *p = keep(malloc(size));
		free(p);
		char *q = static_cast<char *>(keep(realloc(p, 2 * size)));
		CHECK(q); // may be p: that is free
		memset(q, 1, 2 * size);
		free(q);
	}
	printf("wrong class=double role=realloc made=malloc size=%zu count=%d outcome=swallowed from=resize_freed\n", size,
	       ROUNDS);
}

static void NOINLINE delete_freed(size_t size)
{
	for (int i = 0; i < rounds; i++) {
		void *p = keep(::operator new[](size));
		::operator delete[](keep(p));
		::operator delete(keep(p), size + 1);
	}
	printf("wrong class=double role=_ZdlPvm made=_Znam size=%zu count=%d outcome=swallowed\n", size, ROUNDS);
}

static void doubles()
{
	twice<1>(5003, release_elsewhere, "release_elsewhere");
	twice<2>(5009, in_another_thread, "release_elsewhere");
	twice<3>(50021, move_away, "move_away");
	twice<4>(1000003, release_elsewhere, "release_elsewhere");
	resize_freed(5021);
	delete_freed(5023);
}

// ---- inside ----

template <int> void NOINLINE inside(size_t size, size_t offset)
{
	char *p = static_cast<char *>(keep(malloc(size)));
	CHECK(p);
	p[offset] = 1;
	for (int i = 0; i < rounds; i++)
		free(p + offset);
	CHECK(p[offset] == 1);
	free(p);
	printf("wrong class=interior role=free made=malloc size=%zu argument=%zu count=%d outcome=swallowed from=inside "
	       "maker=inside\n", size, offset, ROUNDS);
}

static void NOINLINE resize_inside(size_t size)
{
	char *p = static_cast<char *>(keep(::operator new(size)));
	char *q = static_cast<char *>(keep(realloc(p + 4096, 77)));
	CHECK(q && (q < p || q >= p + size));
	free(q);
	::operator delete(p);
	printf("wrong class=interior role=realloc made=_Znwm size=%zu argument=4096 count=1\n", size);
}

static void insides()
{
	inside<1>(300007, 16);
	inside<2>(300017, 1);
	inside<3>(300023, 300022);
	inside<4>(1 << 20, (1 << 20) - 16);
	inside<5>(size_t(5) << 30, (size_t(5) << 30) - 8192);
	resize_inside(300043);
}

// ---- asked for their size ----

template <int> void NOINLINE ask(void *p, size_t answer)
{
	for (int i = 0; i < rounds; i++)
		CHECK(malloc_usable_size(p) == answer);
	KEEP_FRAME();
}

static void say_asked(const char *what, const char *outcome)
{
	printf("wrong class=%s role=malloc_usable_size count=%d outcome=%s from=ask\n", what, ROUNDS, outcome);
}

alignas(64) static char asked[65536];

static void NOINLINE sizes()
{
	char array[256];
	char *p = static_cast<char *>(keep(malloc(300101)));
	CHECK(malloc_usable_size(p) >= 300101 && malloc_usable_size(nullptr) == 0);
	void *q = keep(::operator new[](77)); // how it was made does not matter
	CHECK(malloc_usable_size(q) >= 77);
	::operator delete[](q);
	ask<1>(p + 4096, 0);
	free(p);
	ask<2>(p, 0);
	ask<3>(keep(array + 96), 0);
	ask<4>(asked + 100, 0);
	unsigned pool = alloctrace_pool_create("asked");
	alloctrace_pool_alloc(pool, asked + 512, 5503);
	ask<5>(asked + 512, 0);
	alloctrace_pool_free(pool, asked + 512);
	say_asked("interior argument=4096 size=300101 made=malloc", "swallowed");
	say_asked("double size=300101 made=malloc first=sizes", "swallowed");
	say_asked("stack made=-", "swallowed");
	say_asked("global made=-", "swallowed");
	say_asked("cross size=5503 made=alloctrace_pool_alloc", "swallowed");
}

// ---- stack ----

static void say_stack(const char *from, int count)
{
	printf("wrong class=stack role=free made=- count=%d outcome=swallowed from=%s\n", count, from);
}

static void NOINLINE from_array()
{
	char array[256];
	array[100] = 1;
	for (int i = 0; i < rounds; i++)
		free(keep(array + 96));
	CHECK(array[100] == 1);
}

static void NOINLINE from_alloca(size_t n)
{
	void *p = keep(alloca(n));
	for (int i = 0; i < rounds; i++)
		free(p);
	KEEP_FRAME();
}

static void *thread_with_array(void *arg)
{
	from_array();
	return arg;
}

static ucontext_t scheduler, coroutine;

static void NOINLINE release_above(void *p)
{
	free(p);
	KEEP_FRAME();
}

static void NOINLINE coroutine_main()
{
	char array[256];
	for (int i = 0; i < rounds; i++)
		release_above(keep(array + 32));
	KEEP_FRAME();
}

static void run_coroutine(void *stack, size_t bytes)
{
	CHECK(getcontext(&coroutine) == 0);
	coroutine.uc_stack.ss_sp = stack;
	coroutine.uc_stack.ss_size = bytes;
	coroutine.uc_link = &scheduler;
	makecontext(&coroutine, coroutine_main, 0);
	CHECK(swapcontext(&scheduler, &coroutine) == 0);
}

static void stacks(char **argv)
{
	enum { BYTES = 262144 };
	from_array();
	from_alloca(4096);
	for (int i = 0; i < rounds; i++)
		free(argv[0]); // above the frames
	pthread_t t;
	CHECK(pthread_create(&t, nullptr, thread_with_array, nullptr) == 0 && pthread_join(t, nullptr) == 0);
	void *mapped = mmap(nullptr, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(mapped != MAP_FAILED);
	run_coroutine(mapped, BYTES);
	munmap(mapped, BYTES);
	void *made = keep(malloc(BYTES));
	run_coroutine(made, BYTES);
	free(made);
	say_stack("from_array", 2 * ROUNDS);
	say_stack("from_alloca", ROUNDS);
	say_stack("stacks", ROUNDS);
	say_stack("release_above", 2 * ROUNDS);
}

// ---- memory of files ----

static char initialised[64] = "initialised";
static char zeroed[4096];
static const char constant[] = "a text that somebody frees";
static thread_local char of_thread[4096];

template <int> void NOINLINE release_global(const void *p, const char *kind)
{
	for (int i = 0; i < rounds; i++)
		free(const_cast<void *>(p));
	KEEP_FRAME();
	printf("wrong class=%s role=free made=- count=%d outcome=swallowed from=release_global\n", kind, ROUNDS);
}

static void *thread_with_variable(void *arg)
{
	of_thread[7] = 1;
	release_global<5>(of_thread, "global");
	CHECK(of_thread[7] == 1);
	return arg;
}

static void globals()
{
	release_global<1>(initialised, "global");
	release_global<2>(zeroed + 64, "global");
	release_global<3>(constant, "global");
	release_global<4>(reinterpret_cast<void *>(globals), "code");
	of_thread[0] = 2;
	release_global<6>(of_thread, "global");
	release_global<7>(of_thread + 4088, "global");
	CHECK(of_thread[0] == 2 && !memcmp(initialised, "initialised", 11));
	pthread_t t;
	CHECK(pthread_create(&t, nullptr, thread_with_variable, nullptr) == 0 && pthread_join(t, nullptr) == 0);
}

// ---- another allocator's ----

alignas(64) static char arena[65536];

static void NOINLINE of_pool()
{
	unsigned pool = alloctrace_pool_create("arena");
	char *p = arena + 128;
	alloctrace_pool_alloc(pool, p, 5501);
	for (int i = 0; i < rounds; i++)
		free(keep(p));
	alloctrace_pool_free(pool, p);
	printf("wrong class=cross role=free made=alloctrace_pool_alloc size=5501 count=%d outcome=swallowed from=of_pool\n",
	       ROUNDS);
}

static void NOINLINE of_pool_twice()
{
	unsigned pool = alloctrace_pool_create("twice"), inner = alloctrace_pool_create("inner");
	char *p = arena + 8192;
	for (int i = 0; i < rounds; i++) {
		alloctrace_pool_alloc(pool, p, 5507);
		alloctrace_pool_alloc(inner, p, 55); // an arena in a block, with its first one: right
		alloctrace_pool_free(inner, p);
		alloctrace_pool_free(pool, p);
		alloctrace_pool_alloc(pool, p, 5509);
		alloctrace_pool_move(pool, p, p, 5510);
		alloctrace_pool_free(pool, p);
		alloctrace_pool_free(pool, p);
	}
	printf("wrong class=double role=alloctrace_pool_free made=alloctrace_pool_move size=5510 count=%d outcome=handed-on "
	       "from=of_pool_twice first=of_pool_twice\n", ROUNDS);
}

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	doubles();
	insides();
	sizes();
	stacks(argv);
	globals();
	of_pool();
	of_pool_twice();
	void *last = keep(malloc(100));
	free(last);
	printf("survived\n");
	return 0;
}

// destructors.cc - allocations and frees in thread_local destructors, pthread keys, atexit,
// on_exit and static destructors, for threads and for the main thread.
#include <pthread.h>

#include "expect.h"

struct holder {
	int bytes;
	void *p;
	explicit holder(int n) : bytes(n), p(keep(malloc(static_cast<size_t>(n)))) {}
	NOINLINE ~holder()
	{
		free(keep(malloc(static_cast<size_t>(bytes + 1))));
		free(p);
	}
};

static holder static_one(35023);
static thread_local holder per_thread(35027);
static pthread_key_t key;

static void NOINLINE key_destructor(void *p)
{
	free(p);
	// A key that is set again makes another round, up to four.
	static thread_local int rounds;
	if (++rounds < 3)
		pthread_setspecific(key, keep(malloc(35051)));
}

static void *thread(void *)
{
	KEEP_FRAME();
	CHECK(per_thread.p != nullptr);
	pthread_setspecific(key, keep(malloc(35051)));
	return nullptr;
}

static void NOINLINE at_exit()
{
	free(keep(malloc(35053)));
}

static void NOINLINE on_exit_call(int, void *p)
{
	free(p);
}

int main()
{
	const int threads = 20;
	CHECK(pthread_key_create(&key, key_destructor) == 0);
	for (int i = 0; i < threads; i++) {
		pthread_t t;
		CHECK(pthread_create(&t, nullptr, thread, nullptr) == 0);
		pthread_join(t, nullptr);
	}
	CHECK(per_thread.p != nullptr); // of the main thread: destroyed in exit()
	CHECK(atexit(at_exit) == 0);
	CHECK(on_exit(on_exit_call, keep(malloc(35059))) == 0);
	expect("size=35023 allocs=1 frees=1");
	expect("size=35024 allocs=1 frees=1");
	expect("size=35027 allocs=%d frees=%d threads=%d", threads + 1, threads + 1, threads + 1);
	expect("size=35028 allocs=%d frees=%d threads=%d", threads + 1, threads + 1, threads + 1);
	expect("size=35051 allocs=%d frees=%d threads=%d", threads * 3, threads * 3, threads);
	expect("size=35053 allocs=1 frees=1 frames=at_exit");
	expect("size=35059 allocs=1 frees=1");
	return 0;
}

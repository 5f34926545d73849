// exceptions.cc - exceptions thrown through frames that allocate; destructors free on the way.
#include <memory>
#include <stdexcept>
#include <vector>

#include "expect.h"

struct guard {
	void *p;
	guard() : p(keep(malloc(53017))) {}
	NOINLINE ~guard() { free(p); }
};

static NOINLINE void thrower(int depth)
{
	guard held;
	if (depth == 0)
		throw std::runtime_error("expected");
	thrower(depth - 1);
	KEEP_FRAME();
}

static NOINLINE void rethrower(int depth)
{
	try {
		thrower(depth);
	} catch (const std::exception &) {
		free(keep(malloc(53047)));
		throw;
	}
}

static NOINLINE void after_catch()
{
	free(keep(malloc(53051)));
	KEEP_FRAME();
}

int main()
{
	for (int i = 0; i < 500; i++) {
		try {
			rethrower(9);
		} catch (const std::runtime_error &) {
			after_catch();
		}
	}
	expect("size=53017 allocs=5000 frees=5000 frames=thrower,rethrower,main");
	expect("size=53047 allocs=500 frees=500 callers=rethrower,main");
	expect("size=53051 allocs=500 frees=500 callers=after_catch,main");
	return 0;
}

// right-operators.cc - C++ that gives everything back rightly, through its own operators and others'.
//
// usage: right-operators LIBRARY [late]: loads the library (right-library.cc). What it makes it takes back
// itself, or the program does, and the other way round; late: when the library is gone, and nothing else.
#include <algorithm>
#include <dlfcn.h>
#include <functional>
#include <future>
#include <iostream>
#include <list>
#include <memory>
#include <memory_resource>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "expect.h"
#include "other-stack.h"
#include "own-operators.h"

enum { ROUNDS = 100 };

// Operators of its own for one class, over malloc, and a pool of its own for another.
struct with_own {
	char bytes[72];
	static void *operator new(std::size_t n) { return malloc(n); }
	static void operator delete(void *p) { free(p); }
	static void *operator new[](std::size_t n) { return malloc(n); }
	static void operator delete[](void *p) { free(p); }
};

struct alignas(128) wide {
	char bytes[256];
};

struct base {
	virtual ~base() {}
	std::string name = "a name that is longer than the short form";
};

struct derived : base {
	std::vector<int> numbers = std::vector<int>(100);
};

struct throwing {
	std::string text = "a text that is longer than the short form";
	throwing() { throw std::logic_error("the constructor throws, and new gives the memory back"); }
};

static void expressions()
{
	delete static_cast<with_own *>(keep(new with_own()));
	delete[] static_cast<with_own *>(keep(new with_own[3]()));
	delete static_cast<wide *>(keep(new wide()));
	delete[] static_cast<wide *>(keep(new wide[2]()));
	delete static_cast<base *>(keep(static_cast<base *>(new derived())));
	delete[] static_cast<base *>(keep(new base[3]()));
	delete static_cast<int *>(keep(new (std::nothrow) int(3)));
	for (int i = 0; i < 2; i++) {
		try {
			delete static_cast<throwing *>(keep(new throwing()));
			CHECK(false);
		} catch (const std::logic_error &) {
		}
	}
}

static void containers(int n)
{
	std::list<std::string> texts;
	std::unordered_map<int, std::string> map;
	std::pmr::unsynchronized_pool_resource pool;
	std::pmr::vector<std::pmr::string> pooled(&pool);
	for (int i = 0; i < 20; i++) {
		texts.emplace_back(std::size_t(30 + i + n % 5), 'x');
		map[i] = texts.back();
		pooled.emplace_back("a text that is longer than the short form");
	}
	texts.sort();
	std::vector<int> v(1000);
	std::stable_sort(v.begin(), v.end()); // has a temporary buffer
	std::shared_ptr<derived> shared = std::make_shared<derived>();
	std::function<int()> f = [shared, map] { return int(map.size()); };
	CHECK(f() == 20);
}

// The exception is made inside operator new and given back outside.
[[maybe_unused]] static void no_memory(void *)
{
	for (int i = 0; i < 20; i++) {
		try {
			(void)keep(new char[SIZE_MAX / 4]);
		} catch (const std::bad_alloc &) {
		}
	}
}

template <typename F> static F function(void *library, const char *name)
{
	F f = reinterpret_cast<F>(dlsym(library, name));
	CHECK(f);
	return f;
}

// The library is looked at first when it is not there any more.
static int release_late(void *library)
{
	std::string *made = function<std::string *(*)(int)>(library, "library_make")(1);
	int *array = static_cast<int *>(function<void *(*)(int)>(library, "library_make_array")(5));
	function<void (*)()>(library, "library_end")();
	CHECK(dlclose(library) == 0);
	delete made;
	delete[] array;
	std::cout << "survived" << std::endl;
	return 0;
}

int main(int argc, char **argv)
{
	CHECK(argc >= 2);
	void *library = dlopen(argv[1], RTLD_NOW);
	if (!library)
		std::cerr << dlerror() << "\n";
	CHECK(library);
	if (argc == 3)
		return release_late(library);
	auto work = function<int (*)(int)>(library, "library_work");
	auto make = function<std::string *(*)(int)>(library, "library_make");
	auto take = function<void (*)(std::string *)>(library, "library_take");
	auto make_array = function<void *(*)(int)>(library, "library_make_array");
	auto take_array = function<void (*)(void *)>(library, "library_take_array");
	long sum = 0;
	for (int i = 0; i < ROUNDS; i++) {
		expressions();
		containers(i);
		sum += work(3);
		delete make(i);
		take(new std::string(std::size_t(i) + 50, 'm'));
		delete[] static_cast<int *>(make_array(i + 1));
		take_array(new int[std::size_t(i) + 1]);
		take(make(i));
		take_array(make_array(i + 1));
		free(keep(malloc(24))); // the size of tracked
	}
#ifndef OWN_NEW
	const char *preloaded = getenv("LD_PRELOAD");
	if (!preloaded || !strstr(preloaded, "mimalloc")) // that aborts
	{
		no_memory(nullptr);
		call_below_heaps(no_memory, nullptr);
	}
#endif
	sum += std::async(std::launch::async, [&] { containers(1); return work(2); }).get();
	std::thread([&] { containers(2); delete make(7); take(make(7)); }).join();
	function<void (*)()>(library, "library_end")();
	CHECK(dlclose(library) == 0);
	free_tracked();
	std::cout << sum << std::endl << "survived" << std::endl;
	return 0;
}

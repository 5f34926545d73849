// operators-looked-up.cc - operators new and delete that are looked up in the C++ library, where the tracer's
// do not come first, and the same ones called by name: they are one heap.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <new>

static void *in_library(const char *name)
{
	static void *library = dlopen("libstdc++.so.6", RTLD_NOW);
	void *f = library ? dlsym(library, name) : nullptr;
	if (!f) {
		fprintf(stderr, "there is no %s\n", name);
		exit(1);
	}
	return f;
}

int main()
{
	auto make = reinterpret_cast<void *(*)(size_t)>(in_library("_Znwm"));
	auto make_array = reinterpret_cast<void *(*)(size_t)>(in_library("_Znam"));
	auto take = reinterpret_cast<void (*)(void *)>(in_library("_ZdlPv"));
	auto take_array = reinterpret_cast<void (*)(void *)>(in_library("_ZdaPv"));
	for (size_t i = 0; i < 20; i++) {
		take(make(i + 10));
		take(::operator new(i + 20));
		::operator delete(make(i + 30));
		take_array(make_array(i + 40));
		take_array(::operator new[](i + 50));
		::operator delete[](make_array(i + 60));
	}
	puts("survived");
	return 0;
}

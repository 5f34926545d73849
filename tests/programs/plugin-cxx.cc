// plugin-cxx.cc - the C++ plugin of dlopen-loop.c: same place in memory, other code.
#include <string>
#include <vector>

#include "expect.h"

static volatile int pad;

extern "C" NOINLINE void *plugin_b_allocate(size_t bytes)
{
	pad = pad + 1;
	void *p = keep(::operator new(bytes));
	KEEP_FRAME();
	return p;
}

struct registry {
	std::vector<std::string> names;
	registry() { names.emplace_back(50051, 'x'); }
};

static registry at_load;

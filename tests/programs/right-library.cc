// right-library.cc - a C++ library that makes things, keeps some, and takes back what the program made.
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "own-operators.h"

#define API extern "C" __attribute__((visibility("default")))

struct alignas(64) wide {
	char bytes[128];
};

static std::map<std::string, std::vector<int>> kept;

// All of it made and given back here.
API int library_work(int n)
{
	std::ostringstream out;
	for (int i = 0; i < n; i++) {
		kept["a name that is too long for the short form " + std::to_string(i % 7)].push_back(i);
		std::unique_ptr<wide> w(new wide());
		std::unique_ptr<wide[]> many(new wide[3]());
		std::unique_ptr<std::string[]> words(new std::string[4]());
		w->bytes[0] = char(i);
		out << i << ' ' << words[0] << int(w->bytes[0]);
		try {
			throw std::runtime_error("a text that is longer than the short form of a string");
		} catch (const std::exception &e) {
			out << e.what();
		}
	}
	if (kept.size() > 5)
		kept.clear();
	return int(out.str().size());
}

API std::string *library_make(int n)
{
	return new std::string(std::size_t(n) + 40, 'l');
}

API void library_take(std::string *s)
{
	delete s;
}

API void *library_make_array(int n)
{
	return new int[std::size_t(n)];
}

API void library_take_array(void *p)
{
	delete[] static_cast<int *>(p);
}

API void library_end()
{
	kept.clear();
	free_tracked();
}

/* holders.cc - C++: what the library's types allocate and lose with them, pointers into the middle
 * of blocks that the language makes, and what exceptions, statics and threads leave. */
#include "leaks.h"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace
{

void *volatile held;

/* Made anew, and rightly held by a static pointer. */
template <typename T> void lose(T *(*make)(), bool right)
{
	T *made = make();
	if (right)
		held = made;
}

APART std::string *make_string()
{
	return new std::string(100, 'x');
}

void string(bool right)
{
	lose(make_string, right);
}

APART std::string *make_short_string()
{
	return new std::string("short");
}

/* Points into itself. */
void short_string(bool right)
{
	lose(make_short_string, right);
}

APART std::vector<void *> *make_vector()
{
	return new std::vector<void *>(20);
}

void vector(bool right)
{
	lose(make_vector, right);
}

APART std::map<int, int> *make_map()
{
	auto *made = new std::map<int, int>;
	for (int i = 0; i < 9; i++)
		(*made)[i] = i;
	return made;
}

void map(bool right)
{
	lose(make_map, right);
}

APART std::list<int> *make_list()
{
	return new std::list<int>(5, 7);
}

void list(bool right)
{
	lose(make_list, right);
}

APART std::unordered_map<int, int> *make_table()
{
	auto *made = new std::unordered_map<int, int>;
	for (int i = 0; i < 10; i++)
		(*made)[i] = i;
	return made;
}

void table(bool right)
{
	lose(make_table, right);
}

APART std::function<char()> *make_function()
{
	struct load {
		char bytes[200];
	} large = {};
	return new std::function<char()>([large] { return large.bytes[7]; });
}

void function(bool right)
{
	lose(make_function, right);
}

struct linked {
	std::shared_ptr<linked> next;
	char load[40];
};

APART std::shared_ptr<linked> make_shared_one()
{
	return std::make_shared<linked>();
}

/* Each of the two keeps the other one. */
void shared_cycle(bool right)
{
	auto first = make_shared_one();
	first->next = make_shared_one();
	if (!right)
		first->next->next = first;
}

APART std::shared_ptr<linked> make_counted()
{
	return std::shared_ptr<linked>(new linked);
}

/* A count and an object apart. */
void counted_cycle(bool right)
{
	auto only = make_counted();
	if (!right)
		only->next = only;
}

struct guarded {
	int number;
	~guarded()
	{
		number = -1;
	}
};

APART guarded *make_array()
{
	return new guarded[10]();
}

/* The pointer is 8 bytes into the block, behind the count. */
void array(bool right)
{
	auto *made = make_array();
	if (right)
		held = made;
}

void array_freed(bool right)
{
	auto *made = make_array();
	if (right)
		delete[] made;
}

struct left {
	virtual ~left()
	{
	}
	long number = 1;
};

struct other {
	virtual ~other()
	{
	}
	long number = 2;
};

struct both : left, other {
	char load[64] = {};
};

APART other *make_both()
{
	return new both;
}

/* A pointer to the second base: into the middle, where there is a pointer to its functions. */
void second_base(bool right)
{
	auto *made = make_both();
	if (right)
		held = made;
}

/* As std::string was before C++11, and as many libraries have it: sizes and count in front. */
APART char *make_counted_text()
{
	const size_t length = 40;
	auto *sizes = static_cast<size_t *>(::operator new(3 * sizeof(size_t) + length + 1));
	sizes[0] = length;
	sizes[1] = length;
	sizes[2] = 0;
	auto *text = reinterpret_cast<char *>(sizes + 3);
	memset(text, 'y', length);
	text[length] = 0;
	return text;
}

void old_string(bool right)
{
	auto *made = make_counted_text();
	if (right)
		held = made;
}

struct alignas(128) wide {
	char load[128];
};

APART wide *make_wide()
{
	return new wide;
}

void aligned(bool right)
{
	lose(make_wide, right);
}

APART int *make_int()
{
	return new int(5);
}

APART char *make_chars()
{
	return new char[77];
}

APART void *make_nothrow()
{
	return operator new(33, std::nothrow);
}

void operators(bool right)
{
	auto *number = make_int();
	auto *chars = make_chars();
	auto *nothrow = make_nothrow();
	if (right) {
		delete number;
		delete[] chars;
		operator delete(nothrow, std::nothrow);
	}
}

APART void make_and_throw(bool right)
{
	std::unique_ptr<int> kept;
	int *made = new int(9);
	if (right)
		kept.reset(made);
	throw std::runtime_error("on purpose");
}

void exception(bool right)
{
	try {
		make_and_throw(right);
	} catch (const std::runtime_error &) {
	}
}

/* An exception that outlives its handling, with its text. */
APART std::exception_ptr make_exception()
{
	return std::make_exception_ptr(
		std::runtime_error("a text that takes more than some bytes"));
}

void kept_exception(bool right)
{
	auto kept = make_exception();
	if (!right)
		new (&kept) std::exception_ptr;
}

APART std::string make_text()
{
	return std::string(300, 'z');
}

/* One is destroyed after main(); of the other one only the object. */
void statics(bool right)
{
	static std::string text;
	static struct careless {
		std::string *volatile text = nullptr;
		~careless()
		{
			text = nullptr;
		}
	} careless;
	text = make_text();
	if (!right)
		careless.text = make_string();
	KEEP(careless);
}

void thread_local_text(bool right)
{
	std::thread([right] {
		static thread_local std::string text;
		static thread_local std::string *lost;
		text = make_text();
		if (!right)
			lost = make_string();
		KEEP(lost);
	}).join();
}

const struct leak_case cases[] = {
	{ "string", string },
	{ "short-string", short_string },
	{ "vector", vector },
	{ "map", map },
	{ "list", list },
	{ "table", table },
	{ "function", function },
	{ "shared-cycle", shared_cycle },
	{ "counted-cycle", counted_cycle },
	{ "array", array },
	{ "array-freed", array_freed },
	{ "second-base", second_base },
	{ "old-string", old_string },
	{ "aligned", aligned },
	{ "operators", operators },
	{ "exception", exception },
	{ "kept-exception", kept_exception },
	{ "statics", statics },
	{ "thread-local-text", thread_local_text },
	{ nullptr, nullptr },
};

} // namespace

int main(int argc, char **argv)
{
	return leaks_main(argc, argv, cases);
}

// own-heap.cc - a program with malloc and the plain operators new and delete of its own. The other
// operators are the C++ library's, which call these by name: all of them together are one heap.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#pragma GCC diagnostic ignored "-Wsized-deallocation" // what this program is for

static char memory[1 << 22] __attribute__((aligned(64)));
static size_t used;

extern "C" {
__attribute__((noinline)) void *malloc(size_t size)
{
	size_t at = __atomic_fetch_add(&used, (size + 79) & ~(size_t)63, __ATOMIC_RELAXED);
	if (at + size + 16 > sizeof(memory))
		return nullptr;
	memcpy(memory + at, &size, sizeof(size));
	return memory + at + 16;
}
__attribute__((noinline)) void free(void *p)
{
	if (p && ((char *)p < memory || (char *)p >= memory + sizeof(memory)))
		__builtin_trap();
	__asm__ volatile("" : : "r"(p) : "memory");
}
void *calloc(size_t count, size_t size)
{
	return malloc(count * size);
}
void *realloc(void *old, size_t size)
{
	void *fresh = malloc(size);
	size_t bytes = 0;
	if (old)
		memcpy(&bytes, (char *)old - 16, sizeof(bytes));
	if (old && fresh)
		memcpy(fresh, old, bytes < size ? bytes : size);
	return fresh;
}
void *aligned_alloc(size_t, size_t size)
{
	char *p = (char *)malloc(size + 64);
	return p ? p + 64 - (uintptr_t)p % 64 : nullptr;
}
}

__attribute__((noinline)) void *operator new(size_t size)
{
	return malloc(size);
}
__attribute__((noinline)) void operator delete(void *p) noexcept
{
	free(p);
}

struct large {
	char bytes[300];
	~large() { __asm__ volatile("" : : "r"(this) : "memory"); }
};
struct alignas(64) aligned {
	char bytes[192];
};

int main()
{
	for (int i = 0; i < 20; i++) {
		delete new large;
		delete[] new large[3];
		delete new aligned;
		operator delete(operator new(100));
		operator delete(operator new(100), (size_t)100);
		operator delete(operator new(100, std::nothrow));
		operator delete[](operator new[](100, std::nothrow));
		std::vector<std::string> texts(10, std::string(100, 'x'));
		free(strdup("copied"));
	}
	puts("survived");
	return 0;
}

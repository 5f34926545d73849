/* own.cc - a correct program with one C++ operator of its own, that calls malloc or free; the other
 * is the library's. With -DNONE: without; built with its own C++ runtime then.
 *
 * PLUGIN: a library that makes and deletes by the operators that it finds. */
#include <cstdio>
#include <cstdlib>
#include <new>

extern "C" void *plugin_new();
extern "C" void plugin_delete(void *p);

#ifdef PLUGIN

extern "C" void *plugin_new()
{
	void *p = ::operator new(32);
	__asm__ volatile("" : "+r"(p));
	return p;
}

extern "C" void plugin_delete(void *p)
{
	::operator delete(p);
	__asm__ volatile("");
}

#else

#ifdef OWN_NEW
void *operator new(size_t size)
{
	return malloc(size);
}
#endif
#ifdef OWN_DELETE
void operator delete(void *p) noexcept
{
	free(p);
}
void operator delete(void *p, size_t) noexcept
{
	free(p);
}
#endif

struct thing {
	long words[4];
};

template <class T> static T *hidden(T *p)
{
	__asm__ volatile("" : "+r"(p));
	return p;
}

int main()
{
	delete hidden(new thing);
	plugin_delete(hidden(new thing));
	delete hidden(static_cast<thing *>(plugin_new()));
	puts("went on");
	return 0;
}

#endif

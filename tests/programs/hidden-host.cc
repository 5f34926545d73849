// hidden-host.cc - gives blocks of a library's hidden allocator, and memory that was mapped, to malloc's
// functions; or does nothing wrong.
//
// usage: hidden-host CASE LIBRARY [deepbind]. Prints `wrong class=C role=R count=N` for what is to be found,
// and what it does with the library's own functions, nothing.
#include <cstdint>
#include <dlfcn.h>
#include <fcntl.h>
#include <initializer_list>
#include <malloc.h>
#include <new>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "expect.h"

static void *(*make)(size_t);
static void *(*resize)(void *, size_t);
static void (*drop)(void *);
static void *library;

enum { PAGE = 4096, THREADS = 4, ROUNDS = 50 };
// From caches, pages, regions of their own.
static const size_t sizes[] = { 1, 24, 1000, 20000, 300000, 5000000 };
static const int size_count = sizeof(sizes) / sizeof(*sizes);

static void open_library(const char *path, bool deep)
{
	library = dlopen(path, RTLD_NOW | (deep ? RTLD_DEEPBIND : 0));
	if (!library)
		fprintf(stderr, "%s\n", dlerror());
	CHECK(library);
	make = reinterpret_cast<void *(*)(size_t)>(dlsym(library, "plugin_make"));
	resize = reinterpret_cast<void *(*)(void *, size_t)>(dlsym(library, "plugin_resize"));
	drop = reinterpret_cast<void (*)(void *)>(dlsym(library, "plugin_drop"));
	CHECK(make && resize && drop);
}

static char *filled(void *p, size_t size)
{
	CHECK(p);
	memset(p, 0x5a, size);
	return static_cast<char *>(keep(p));
}

static bool is_filled(const char *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != 0x5a)
			return false;
	return true;
}

static void say(const char *kind, const char *role, int count)
{
	printf("wrong class=%s role=%s count=%d\n", kind, role, count);
}

// ---- blocks of the library ----

static void NOINLINE release_each(const char *kind)
{
	for (size_t size : sizes)
		free(filled(make(size), size));
	for (size_t size : sizes)
		::operator delete(filled(make(size), size));
	for (size_t size : sizes)
		::operator delete[](filled(make(size), size));
	for (size_t size : sizes)
		::operator delete(filled(make(size), size), size);
	say(kind, "free", size_count);
	say(kind, "_ZdlPv", size_count);
	say(kind, "_ZdaPv", size_count);
	say(kind, "_ZdlPvm", size_count);
}

// What was in it stays in it, and what made it still has it.
static void NOINLINE resize_each(const char *kind)
{
	for (size_t size : sizes) {
		char *old = filled(make(size), size);
		char *p = static_cast<char *>(realloc(old, size + 100));
		CHECK(p && p != old && is_filled(p, size) && is_filled(old, size));
		free(p);
		drop(old);
	}
	char *old = filled(make(1000), 1000);
	char *less = static_cast<char *>(realloc(old, 10));
	CHECK(less && is_filled(less, 10));
	free(less);
	char *more = static_cast<char *>(reallocarray(old, 100, 100));
	CHECK(more && is_filled(more, 1000));
	free(more);
	drop(old);
	say(kind, "realloc", size_count + 1);
	say(kind, "reallocarray", 1);
}

static void NOINLINE ask_each(const char *kind)
{
	for (size_t size : sizes) {
		char *p = filled(make(size), size);
		CHECK(malloc_usable_size(p) <= size);
		drop(p);
	}
	say(kind, "malloc_usable_size", size_count);
}

static void wrong()
{
	release_each("cross");
	resize_each("cross");
	ask_each("cross");
}

static void *NOINLINE work(void *)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *own = make(2000);
		free(filled(make(700), 700));
		drop(own);
	}
	return nullptr;
}

static void threads()
{
	pthread_t t[THREADS];
	for (pthread_t &one : t)
		CHECK(pthread_create(&one, nullptr, work, nullptr) == 0);
	for (pthread_t &one : t)
		CHECK(pthread_join(one, nullptr) == 0);
	say("cross", "free", THREADS * ROUNDS);
}

static void child()
{
	void *inherited = filled(make(3000), 3000);
	pid_t pid = fork();
	if (pid == 0) {
		free(inherited);
		free(filled(make(9000), 9000));
		_exit(0);
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	drop(inherited);
	say("cross", "free", 2);
}

static void gone(const char *path)
{
	char *p = filled(make(777), 777);
	dlclose(library);
	CHECK(!dlopen(path, RTLD_NOW | RTLD_NOLOAD));
	free(p);
	say("gone", "free", 1);
}

// ---- memory that was mapped ----

static char *map(size_t pages)
{
	void *p = mmap(nullptr, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	return filled(p, pages * PAGE);
}

static void NOINLINE map_and_cut()
{
	char *p = map(5);
	CHECK(munmap(p + PAGE, PAGE) == 0 && munmap(p + 3 * PAGE, PAGE) == 0);
	for (int i : { 0, 2, 4 })
		free(p + i * PAGE + 64);
	for (int i : { 1, 3 })
		free(p + i * PAGE + 64);
	CHECK(is_filled(p, PAGE) && is_filled(p + 2 * PAGE, PAGE) && is_filled(p + 4 * PAGE, PAGE));
	say("mapped", "free", 3);
	say("unknown", "free", 2);
}

static void NOINLINE map_over()
{
	char *p = map(4);
	void *over = mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(over == p + PAGE);
	for (int i = 0; i < 4; i++)
		free(p + i * PAGE);
	CHECK(munmap(p, 4 * PAGE) == 0);
	free(p + 2 * PAGE);
	say("mapped", "free", 4);
	say("unknown", "free", 1);
}

static void NOINLINE remap()
{
	char *p = map(2), *behind = map(1);
	char *q = static_cast<char *>(mremap(p, 2 * PAGE, 400 * PAGE, MREMAP_MAYMOVE));
	CHECK(q != MAP_FAILED);
	free(q + 300 * PAGE);
	CHECK(mremap(behind, PAGE, SIZE_MAX / 4, MREMAP_MAYMOVE) == MAP_FAILED);
	free(behind);
	say("mapped", "free", 2);
}

static void NOINLINE other_ways()
{
	int fd = open("/proc/self/exe", O_RDONLY);
	void *file = mmap(nullptr, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(file != MAP_FAILED);
	free(file);
	char *heap = static_cast<char *>(sbrk(8 * PAGE));
	CHECK(heap != reinterpret_cast<void *>(-1));
	free(heap + 5 * PAGE);
	char *p = map(3);
	char *fresh = static_cast<char *>(realloc(p + PAGE, 5 * PAGE));
	CHECK(fresh && is_filled(fresh, 2 * PAGE));
	free(fresh);
	CHECK(malloc_usable_size(p) == 0);
	::operator delete(p);
	say("mapped", "free", 2);
	say("mapped", "realloc", 1);
	say("mapped", "malloc_usable_size", 1);
	say("mapped", "_ZdlPv", 1);
}

static void NOINLINE nowhere()
{
	static const uintptr_t addresses[] = { 16, 0x1000, 0x123456789abcdef0, UINTPTR_MAX };
	for (uintptr_t address : addresses)
		free(keep(reinterpret_cast<void *>(address)));
	say("unknown", "free", 4);
}

static void mapped()
{
	map_and_cut();
	map_over();
	remap();
	other_ways();
	nowhere();
}

// ---- nothing wrong ----

// The program's own way with memory that it maps: nobody else is asked.
struct pool {
	char *start;
	size_t used;
};

static void *pool_make(pool *of, size_t size)
{
	void *p = of->start + of->used;
	of->used += (size + 15) & ~size_t(15);
	return p;
}

static void use_pool()
{
	pool of = { map(64), 0 };
	for (int i = 0; i < 100; i++)
		filled(pool_make(&of, 300), 300);
	CHECK(munmap(of.start, 64 * PAGE) == 0);
}

static void use_libc()
{
	char *line = nullptr, *text = nullptr;
	size_t bytes = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	CHECK(f && getline(&line, &bytes, f) > 0 && asprintf(&text, "%d", 5) == 1);
	CHECK(malloc_usable_size(line) >= bytes && malloc_usable_size(text) >= 2);
	free(line);
	free(text);
	free(strdup("a"));
	fclose(f);
}

static void *right_work(void *)
{
	for (int i = 0; i < ROUNDS; i++) {
		for (size_t size : sizes) {
			char *theirs = filled(resize(filled(make(size), size), 2 * size), 2 * size);
			char *ours = filled(realloc(filled(malloc(size), size), 2 * size), 2 * size);
			CHECK(malloc_usable_size(ours) >= 2 * size);
			free(ours);
			drop(theirs);
			::operator delete(filled(::operator new(size), size));
		}
		use_pool();
		use_libc();
		// glibc maps where the library or the program had mapped before.
		void *p = malloc(400000), *q = make(400000);
		free(p);
		drop(q);
	}
	return nullptr;
}

static void right()
{
	pthread_t t[THREADS];
	right_work(nullptr);
	for (pthread_t &one : t)
		CHECK(pthread_create(&one, nullptr, right_work, nullptr) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		right_work(nullptr);
		_exit(0);
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	for (pthread_t &one : t)
		CHECK(pthread_join(one, nullptr) == 0);
}

int main(int argc, char **argv)
{
	CHECK(argc >= 3);
	bool deep = argc > 3 && strcmp(argv[3], "deepbind") == 0;
	setvbuf(stdout, nullptr, _IONBF, 0);
	if (strcmp(argv[1], "mapped") != 0)
		open_library(argv[2], deep);
	if (strcmp(argv[1], "wrong") == 0)
		wrong();
	else if (strcmp(argv[1], "threads") == 0)
		threads();
	else if (strcmp(argv[1], "child") == 0)
		child();
	else if (strcmp(argv[1], "gone") == 0)
		gone(argv[2]);
	else if (strcmp(argv[1], "mapped") == 0)
		mapped();
	else
		right();
	puts("survived");
	return 0;
}

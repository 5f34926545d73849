/* wrong.cc - makes the mistakes that its arguments name, and goes on.
 *
 * Each function below has one that allocates or releases as its last, so that stacks can be
 * checked by names. "wait" waits for a line on stdin, "say" writes one, "fork" does the rest in a
 * child, "exec" in a new program; "many" are right. */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone))

/* The compiler must not see where an address comes from. */
template <class T> static T *hidden(T *p)
{
	__asm__ volatile("" : "+r"(p));
	return p;
}

APART static void *make_malloc(size_t size)
{
	return hidden(std::malloc(size));
}

APART static void *make_new()
{
	return hidden(::operator new(48));
}

APART static char *make_array()
{
	return hidden(new char[40]);
}

APART static void release_free(void *p)
{
	std::free(hidden(p));
	__asm__ volatile("");
}

APART static void release_delete(void *p)
{
	::operator delete(hidden(p));
	__asm__ volatile("");
}

APART static void release_again(void *p)
{
	std::free(hidden(p));
	__asm__ volatile("# so that it is not merged with release_free()");
}

APART static void release_sized(void *p)
{
	::operator delete(hidden(p), size_t(16));
	__asm__ volatile("");
}

APART static void *make_aligned()
{
	return hidden(::operator new(80, std::align_val_t(64)));
}

APART static void release_aligned(void *p)
{
	::operator delete(hidden(p), std::align_val_t(size_t(1) << 20));
	__asm__ volatile("");
}

APART static void *make_mapped()
{
	return hidden(mmap(nullptr, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

APART static void release_realloc(void *p)
{
	std::free(std::realloc(hidden(p), 500));
	__asm__ volatile("");
}

APART static void release_asked(void *p)
{
	malloc_usable_size(hidden(p));
	__asm__ volatile("");
}

/* What the library WRONG_PLUGIN made with the allocator that it carries. */
APART static void *make_plugin(void **library)
{
	*library = dlopen(getenv("WRONG_PLUGIN"), RTLD_NOW);
	auto make = *library ? reinterpret_cast<void *(*)(size_t)>(dlsym(*library, "plugin_make")) : nullptr;
	return make ? hidden(make(777)) : nullptr;
}

static void *release_in_thread(void *p)
{
	release_free(p);
	return nullptr;
}

/* By the system call alone: nobody sees who does it. */
APART static void *map_file()
{
	int fd = open("/proc/self/exe", O_RDONLY);
	long p = syscall(SYS_mmap, 0L, 4096L, long(PROT_READ | PROT_WRITE), long(MAP_PRIVATE), long(fd), 0L);
	close(fd);
	return reinterpret_cast<void *>(p);
}

static void *make_in_thread(void *)
{
	pthread_setname_np(pthread_self(), "maker");
	dprintf(STDERR_FILENO, "maker %ld\n", static_cast<long>(gettid()));
	return make_array();
}

static char global[64];
static void *kept;

APART static void make_mistake(const char *what)
{
	char local[64] = "";
	if (strcmp(what, "new-free") == 0) {
		release_free(make_new());
	} else if (strcmp(what, "array-free") == 0) {
		release_free(make_array());
	} else if (strcmp(what, "array-delete") == 0) {
		release_delete(make_array());
	} else if (strcmp(what, "malloc-delete") == 0) {
		release_delete(make_malloc(33));
	} else if (strcmp(what, "size") == 0) {
		release_sized(make_new());
	} else if (strcmp(what, "double") == 0) {
		void *p = make_malloc(24);
		release_free(p);
		release_again(p);
	} else if (strcmp(what, "interior") == 0) {
		char *p = static_cast<char *>(make_malloc(100));
		release_free(p + 16);
		release_free(p);
	} else if (strcmp(what, "stack") == 0) {
		release_free(hidden(local));
	} else if (strcmp(what, "global") == 0) {
		release_free(hidden(global));
	} else if (strcmp(what, "unaligned-delete") == 0) {
		release_delete(make_aligned());
	} else if (strcmp(what, "alignment") == 0) {
		void *p = make_aligned();
		while (reinterpret_cast<size_t>(p) % (size_t(1) << 20) == 0)
			p = make_aligned();
		release_aligned(p);
	} else if (strcmp(what, "code") == 0) {
		release_free(reinterpret_cast<void *>(&make_aligned));
	} else if (strcmp(what, "mapped") == 0) {
		release_free(static_cast<char *>(make_mapped()) + 64);
	} else if (strcmp(what, "unknown") == 0) {
		void *p = make_mapped();
		munmap(p, 12288);
		release_free(p);
	} else if (strncmp(what, "plugin-", 7) == 0) {
		void *library, *p = make_plugin(&library);
		if (strcmp(what, "plugin-gone") == 0 && dlclose(library) == 0)
			release_free(p);
		else if (strcmp(what, "plugin-free") == 0)
			release_free(p);
		else if (strcmp(what, "plugin-realloc") == 0)
			release_realloc(p);
		else if (strcmp(what, "plugin-asked") == 0)
			release_asked(p);
	} else if (strcmp(what, "interior-realloc") == 0) {
		release_realloc(static_cast<char *>(make_malloc(100)) + 16);
	} else if (strcmp(what, "new-realloc") == 0) {
		release_realloc(make_new());
	} else if (strcmp(what, "double-realloc") == 0) {
		void *p = make_malloc(24);
		release_free(p);
		release_realloc(p);
	} else if (strcmp(what, "mapped-realloc") == 0) {
		release_realloc(make_mapped());
	} else if (strcmp(what, "global-realloc") == 0) {
		release_realloc(hidden(global));
	} else if (strcmp(what, "interior-asked") == 0) {
		release_asked(static_cast<char *>(make_malloc(100)) + 16);
	} else if (strcmp(what, "mapped-asked") == 0) {
		release_asked(make_mapped());
	} else if (strcmp(what, "double-asked") == 0) {
		void *p = make_malloc(24);
		release_free(p);
		release_asked(p);
	} else if (strcmp(what, "file") == 0) {
		release_free(static_cast<char *>(map_file()) + 64);
	} else if (strcmp(what, "first-stack") == 0) {
		pthread_t thread;
		pthread_create(&thread, nullptr, release_in_thread, hidden(local) + 16);
		pthread_join(thread, nullptr);
	} else if (strcmp(what, "thread") == 0) {
		pthread_t thread;
		void *p = nullptr;
		pthread_create(&thread, nullptr, make_in_thread, nullptr);
		pthread_join(thread, &p);
		release_free(p);
	} else if (strcmp(what, "make") == 0) {
		kept = make_new();
	} else if (strcmp(what, "release") == 0) {
		release_free(kept);
	} else if (strcmp(what, "many") == 0) {
		for (int i = 0; i < 100000; i++)
			release_free(make_malloc(10));
	} else if (strcmp(what, "right") == 0) {
		release_free(make_malloc(10));
		release_delete(make_new());
		delete[] make_array();
	} else {
		abort();
	}
}

static void wait_for_line()
{
	char c;
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "wait") == 0) {
			wait_for_line();
		} else if (strcmp(argv[i], "say") == 0) {
			if (write(STDOUT_FILENO, "here\n", 5) < 0)
				return 1;
		} else if (strcmp(argv[i], "exec") == 0) {
			argv[i] = argv[0];
			execv("/proc/self/exe", argv + i);
		} else if (strcmp(argv[i], "fork") == 0) {
			pid_t child = fork();
			if (child) {
				waitpid(child, nullptr, 0);
				break;
			}
		} else {
			make_mistake(argv[i]);
		}
	}
	static const char end[] = "went on\n";
	return write(STDOUT_FILENO, end, sizeof(end) - 1) < 0;
}

/* wrong.cc - makes the mistakes that its arguments name, and goes on.
 *
 * Each function below has one that allocates or releases as its last, so that stacks can be
 * checked by names. "wait" waits for a line on stdin, "say" writes one, "fork" does the rest in a
 * child, "exec" in a new program; "many" are right. */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <pthread.h>
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

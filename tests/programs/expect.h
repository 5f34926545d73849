/* expect.h - how a test program says what its trace must hold.
 *
 * A program marks its blocks by sizes that nothing else in the process asks for and prints, as
 * lines on stdout, what is to be found about them:
 *
 *   expect size=10007 allocs=3 frees=2 role=malloc free_role=free
 *
 * Keys: size (needed); allocs, frees: how many blocks and how many of them were freed; role,
 * free_role: the only entry points seen (symbols as in wire/roles.def); threads, processes: how
 * many different ones allocated; free_threads, free_processes: the same for frees; frames=a,b,c:
 * every stack holds these functions in this order, innermost first, others between; callers=a,b,c:
 * the innermost frames are exactly these; min_depth, max_depth: frames of each stack. The lines
 * must be the same in every run: the output is compared with that of a plain run. */
#ifndef TESTS_EXPECT_H
#define TESTS_EXPECT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Without stdio's buffer, which would allocate and be written twice after a fork. */
__attribute__((format(printf, 1, 2), unused)) static void expect(const char *fmt, ...)
{
	char line[512] = "expect ";
	va_list ap;
	va_start(ap, fmt);
	int len = vsnprintf(line + 7, sizeof(line) - 8, fmt, ap) + 7;
	va_end(ap);
	line[len++] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		_exit(99);
}

/* The program itself went wrong: this is not about the trace. */
#define CHECK(condition)                                                              \
	do {                                                                          \
		if (!(condition)) {                                                   \
			char text[] = __FILE__ ": CHECK(" #condition ") failed\n";    \
			(void)!write(STDERR_FILENO, text, sizeof(text) - 1);          \
			_exit(98);                                                    \
		}                                                                     \
	} while (0)

/* Keeps a frame from being removed or merged with its caller. */
#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone, noipa))
#endif
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

/* A block that the compiler cannot reason away. */
static inline void *keep(void *p)
{
	__asm__ volatile("" : "+r"(p)::"memory");
	return p;
}

#endif

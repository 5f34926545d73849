/* unwind-compare.c - at every malloc of a program: the runtime's unwinder against libunwind.
 *
 * LD_PRELOADed; holds its own copy of the runtime's stack capture (lib/stack.c, unwind*.c, cfi*.c,
 * modules.c, regions.c), with the session replaced by tables of this file, so that nothing but the
 * unwinding and its memo is under test. The counts are in a file (environment: UNWIND_RESULT)
 * mapped shared by all processes; the first differences are told in full in FILE.txt.
 *
 * libunwind is opened RTLD_LOCAL: linked in, its _Unwind_* would replace libgcc's. Where the two
 * differ, libgcc's _Unwind_Backtrace is asked too. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/intern.h"
#include "lib/modules.h"
#include "lib/participant.h"
#include "lib/stack.h"
#include "lib/thread.h"

#define API __attribute__((visibility("default")))
#define TLS static __thread __attribute__((tls_model("initial-exec")))

enum { DEPTH = 128, ROOM = 512, NODES = 1 << 22, DIFFERENCES_TOLD = 20 };

struct result {
	uint64_t samples, frames, differences, signal_samples, longest;
	/* The reference stopped earlier with the same frames, and ours found no root either: nobody
	 * knows better (the unwinder's own code while it changes the stack). */
	uint64_t unfinished;
	/* libunwind differed, but libgcc's unwinder said what ours said. (libunwind caches rules by
	 * address without regard to whether it is a return address or an exact one.) */
	uint64_t settled_by_libgcc;
};

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t m);
void *__libc_realloc(void *p, size_t n);

static struct result nowhere, *result = &nowhere;
static int (*reference)(void **, int);
static int (*libgcc_backtrace)(int (*)(void *, void *), void *);
static uintptr_t (*libgcc_get_ip)(void *, int *);
static void (*flush)(void *, uintptr_t, uintptr_t);
static void *local_space;
static bool ready;
TLS int inside;
TLS struct stack *my_stack;

/* ---- what the runtime's unwinder needs of the rest of the runtime ---- */

static struct session_header header;
static struct session_module session_modules[SESSION_MAX_MODULES];
static struct session_loaded session_loaded[1];
struct session session = { .header = &header,
			   .modules = session_modules,
			   .loaded = session_loaded };

struct node {
	uint32_t parent, module;
	uint64_t offset;
};

static struct node nodes[NODES];
static uint32_t node_count = NODE_FIRST;

/* Not interned: nodes of new frames are simply added; sampling ends when the table is full. */
uint32_t intern_node(uint32_t parent, uint32_t module, uint64_t offset)
{
	uint32_t i = __atomic_fetch_add(&node_count, 1, __ATOMIC_RELAXED);
	if (i >= NODES)
		return NODE_UNKNOWN;
	nodes[i] = (struct node){ parent, module, offset };
	return i;
}

void thread_announce_module(const struct module *m)
{
	(void)m;
}

/* ---- comparing ---- */

static uintptr_t address_of(const struct node *n)
{
	for (unsigned i = MODULE_ANONYMOUS + 1; i < MODULES_MAX && modules[i].start; i++)
		if (modules[i].id == n->module && !modules[i].gone)
			return modules[i].bias + n->offset;
	return n->offset;
}

static void tell(int fd, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	va_start(ap, fmt);
	int len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 1)
		len = sizeof(line) - 1;
	(void)!write(fd, line, (size_t)len);
}

static void tell_address(int fd, const char *who, unsigned i, uintptr_t pc)
{
	Dl_info info = { 0 };
	if (dladdr((void *)pc, &info) && info.dli_fname)
		tell(fd, "  %s %2u %#lx %s+%#lx %s\n", who, i, pc, info.dli_fname,
		     pc - (uintptr_t)info.dli_fbase, info.dli_sname ? info.dli_sname : "?");
	else
		tell(fd, "  %s %2u %#lx\n", who, i, pc);
}

static void tell_difference(const uintptr_t *ours, unsigned n, void **theirs, unsigned m,
			    unsigned at, uint32_t outside)
{
	const char *path = getenv("UNWIND_RESULT");
	char name[4200];
	snprintf(name, sizeof(name), "%s.txt", path ? path : "/dev/null");
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	tell(fd, "%s: frame %u differs; ours ends with %s\n", program_invocation_short_name, at,
	     outside == NODE_ROOT ? "the root" :
	     outside == NODE_TRUNCATED ? "the depth limit" : "an unknown caller");
	for (unsigned i = 0; i < n; i++)
		tell_address(fd, i == at ? "OURS" : "ours", i, ours[i]);
	for (unsigned i = 0; i < m; i++)
		tell_address(fd, i == at ? "THEIRS" : "theirs", i, (uintptr_t)theirs[i]);
	close(fd);
}

/* Ours lie inside the calling instruction, theirs behind it; after a signal both are exact. */
static bool same(uintptr_t ours, uintptr_t theirs)
{
	return ours + 1 == theirs || ours == theirs;
}

static void add(uint64_t *count, uint64_t n)
{
	__atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

static unsigned first_difference(const uintptr_t *ours, unsigned n, void **theirs, unsigned m,
				 uint32_t outside)
{
	unsigned i = 0;
	while (i < n && i < m && same(ours[i], (uintptr_t)theirs[i]))
		i++;
	if (i == n && (i == m || outside == NODE_TRUNCATED))
		return UINT32_MAX;
	if (i == m && outside == NODE_UNKNOWN) {
		add(&result->unfinished, 1);
		return UINT32_MAX;
	}
	return i;
}

struct trace {
	void *pcs[ROOM];
	unsigned count;
};

static int take_frame(void *context, void *arg)
{
	struct trace *t = arg;
	int exact = 0;
	if (t->count < ROOM)
		t->pcs[t->count++] = (void *)libgcc_get_ip(context, &exact);
	return 0; /* go on */
}

/* Does libgcc say what ours says? */
static bool libgcc_agrees(uintptr_t caller, const uintptr_t *ours, unsigned n, uint32_t outside)
{
	struct trace t = { .count = 0 };
	unsigned skip = 0;
	libgcc_backtrace(take_frame, &t);
	while (skip < t.count && (uintptr_t)t.pcs[skip] != caller)
		skip++;
	/* It ends at a frame without rules with a last 0. */
	while (t.count > skip && !t.pcs[t.count - 1])
		t.count--;
	return first_difference(ours, n, t.pcs + skip, t.count - skip, outside) == UINT32_MAX;
}

static __attribute__((noinline)) void compare(const struct caller *caller)
{
	void *theirs[ROOM];
	uintptr_t ours[DEPTH];
	unsigned n = 0, signal = 0;
	int all = reference(theirs, ROOM), skip = 0;
	while (skip < all && (uintptr_t)theirs[skip] != caller->pc)
		skip++;
	uint32_t node = stack_capture(my_stack, caller, DEPTH);
	for (; node >= NODE_FIRST && node < NODES && n < DEPTH; node = nodes[node].parent) {
		ours[n] = address_of(&nodes[node]);
		n++;
	}
	while (all > skip && !theirs[all - 1])
		all--;
	unsigned m = (unsigned)(all - skip);
	for (unsigned i = 0; i < n && i < m; i++)
		signal |= ours[i] == (uintptr_t)theirs[skip + i];
	unsigned at = first_difference(ours, n, theirs + skip, m, node);
	add(&result->samples, 1);
	add(&result->frames, n);
	add(&result->signal_samples, signal);
	if (n > result->longest)
		result->longest = n;
	if (at == UINT32_MAX)
		return;
	if (libgcc_agrees(caller->pc, ours, n, node)) {
		add(&result->settled_by_libgcc, 1);
		return;
	}
	if (result->differences < DIFFERENCES_TOLD)
		tell_difference(ours, n, theirs + skip, m, at, node);
	add(&result->differences, 1);
}

static bool nodes_are_full(void)
{
	return __atomic_load_n(&node_count, __ATOMIC_RELAXED) >= NODES - 64 * DEPTH;
}

static void sample(const uintptr_t *frame)
{
	if (!ready || inside || nodes_are_full())
		return;
	inside = 1;
	int saved = errno;
	if (!my_stack)
		my_stack = mmap(NULL, sizeof(*my_stack), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct caller caller = { .rbp = frame[0], .pc = frame[1],
				       .rsp = (uintptr_t)(frame + 2) };
	compare(&caller);
	errno = saved;
	inside = 0;
}

/* ---- start and hooks ---- */

static void *need(void *library, const char *name)
{
	void *p = library ? dlsym(library, name) : NULL;
	if (!p) {
		tell(STDERR_FILENO, "unwind-compare: no %s: %s\n", name, dlerror());
		_exit(97);
	}
	return p;
}

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("UNWIND_RESULT");
	inside = 1;
	void *libunwind = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
	reference = (int (*)(void **, int))need(libunwind, "unw_backtrace");
	void *libgcc = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
	libgcc_backtrace =
		(int (*)(int (*)(void *, void *), void *))need(libgcc, "_Unwind_Backtrace");
	libgcc_get_ip = (uintptr_t(*)(void *, int *))need(libgcc, "_Unwind_GetIPInfo");
	flush = (void (*)(void *, uintptr_t, uintptr_t))need(libunwind, "_Ux86_64_flush_cache");
	local_space = *(void **)need(libunwind, "_ULx86_64_local_addr_space");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
	if (fd >= 0 && ftruncate(fd, sizeof(*result)) == 0) {
		void *p = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (p != MAP_FAILED)
			result = p;
	}
	if (fd >= 0)
		close(fd);
	inside = 0;
	ready = true;
}

API void *malloc(size_t n)
{
	sample(__builtin_frame_address(0));
	return __libc_malloc(n);
}

API void *calloc(size_t n, size_t m)
{
	sample(__builtin_frame_address(0));
	return __libc_calloc(n, m);
}

API void *realloc(void *p, size_t n)
{
	sample(__builtin_frame_address(0));
	return __libc_realloc(p, n);
}

/* For a program's signal handler: a sample without an allocation. */
API void unwind_compare_here(void);
API void unwind_compare_here(void)
{
	sample(__builtin_frame_address(0));
}

API int dlclose(void *handle)
{
	int (*real)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "dlclose");
	inside++;
	int rc = real(handle);
	modules_unloaded();
	flush(local_space, 0, 0);
	inside--;
	return rc;
}

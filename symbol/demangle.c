/* demangle.c - see demangle.h. libiberty does it. Its own limits (depth 2048, names of 1024 bytes)
 * protect a stack of usual size but refuse names that large C++ programs do have; those are
 * demangled on a thread with a stack that is large enough for the worst name of the length that is
 * let through. */
#include "symbol/demangle.h"

#include <libiberty/demangle.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>

enum {
	OPTIONS = DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO,
	/* libiberty needs room for (number of templates) x (number of scopes) of the name on the
	 * stack, a third of its length each at most: 45 MB for the longest. */
	LONG_NAME = 1024,
	LONGEST_NAME = 4096,
	LONG_NAME_STACK_BYTES = 256 << 20,
	OUTPUT_MAX_BYTES = 32 * 1024,
};

struct demangling {
	const char *mangled;
	int options;
	struct strbuf *out;
	size_t out_start;
	bool done;
	jmp_buf too_long;
};

/* The only way to stop libiberty in the middle of its output. It holds no memory of the heap in the
 * C++ case; an identifier in Punycode of a Rust name would leak. */
static void add_output(const char *text, size_t len, void *context)
{
	struct demangling *d = context;
	if (len == 0)
		return; /* text may be NULL then */
	if (d->out->len - d->out_start + len > OUTPUT_MAX_BYTES)
		longjmp(d->too_long, 1);
	strbuf_add(d->out, text, len);
}

static void *run(void *context)
{
	struct demangling *d = context;
	if (setjmp(d->too_long) != 0)
		return NULL; /* done is still false */
	d->done = rust_demangle_callback(d->mangled, d->options, add_output, d) != 0;
	if (d->done)
		return NULL;
	strbuf_truncate(d->out, d->out_start); /* what was written before it failed */
	d->done = cplus_demangle_v3_callback(d->mangled, d->options, add_output, d) != 0;
	return NULL;
}

static void run_on_large_stack(struct demangling *d)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, LONG_NAME_STACK_BYTES);
	if (pthread_create(&thread, &attributes, run, d) == 0)
		pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
}

static bool looks_mangled(const char *name)
{
	return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R' || name[1] == 'G');
}

bool demangle(const char *mangled, struct strbuf *out)
{
	size_t len = looks_mangled(mangled) ? strnlen(mangled, LONGEST_NAME + 1) : 0;
	if (len == 0 || len > LONGEST_NAME)
		return false;
	struct demangling d = {
		.mangled = mangled, .options = OPTIONS, .out = out, .out_start = out->len
	};
	if (len < LONG_NAME) {
		run(&d);
	} else {
		d.options |= DMGL_NO_RECURSE_LIMIT;
		run_on_large_stack(&d);
	}
	if (!d.done || out->len == d.out_start) {
		strbuf_truncate(out, d.out_start);
		return false;
	}
	return true;
}

/* cross-side.c - see cross-side.h. Built several times: into the program, into plugins with an
 * allocator linked statically or shared; with -DLIBRARY and -DMALLOC, -DFREE, -DREALLOC, and maybe
 * -DCALLOC, -DNEW, -DDELETE, -DUSABLE, -DSIZED, as strings for functions that are looked up in that library. */
#include "cross-side.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

/* jemalloc's take flags besides; the others do not look at the last argument. */
static void *(*some_malloc)(size_t, int);
static void (*some_free)(void *, int);
static void *(*some_realloc)(void *, size_t, int);
static void *(*some_calloc)(size_t, size_t);
static void *(*some_new)(size_t);
static void (*some_delete)(void *);
static size_t (*some_usable)(void *, int);
static void (*some_sized)(void *, size_t, int);

#ifdef LIBRARY
#ifndef CALLOC
#define CALLOC "" /* there is none */
#endif
#ifndef NEW
#define NEW    ""
#define DELETE ""
#endif
#ifndef USABLE
#define USABLE ""
#endif
#ifndef SIZED
#define SIZED ""
#endif
__attribute__((constructor)) static void look_up(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	CHECK(library);
	*(void **)&some_malloc = dlsym(library, MALLOC);
	*(void **)&some_free = dlsym(library, FREE);
	*(void **)&some_realloc = dlsym(library, REALLOC);
	*(void **)&some_calloc = dlsym(library, CALLOC);
	*(void **)&some_new = dlsym(library, NEW);
	*(void **)&some_delete = dlsym(library, DELETE);
	*(void **)&some_usable = dlsym(library, USABLE);
	*(void **)&some_sized = dlsym(library, SIZED);
	CHECK(some_malloc && some_free && some_realloc);
}
static void *_Znwm(size_t bytes)
{
	return some_new ? some_new(bytes) : NULL;
}
static void _ZdlPv(void *p)
{
	some_delete(p);
}
static void _ZdlPvm(void *p, size_t bytes)
{
	some_sized(p, bytes, 0);
}
#define _Znam  _Znwm
#define _ZdaPv _ZdlPv
#else
void *_Znwm(size_t bytes);
void *_Znam(size_t bytes);
void _ZdlPv(void *p);
void _ZdaPv(void *p);
void _ZdlPvm(void *p, size_t bytes);
#endif

static char *filled(char *p, size_t bytes)
{
	if (p) {
		memset(p, 'x', bytes);
		p[bytes - 1] = '\0';
	}
	return p;
}

static char *read_line(char *text)
{
	char *line = NULL;
	size_t size = 0;
	FILE *file = fmemopen(text, strlen(text), "r");
	CHECK(file && getline(&line, &size, file) > 0);
	fclose(file);
	return line;
}

static NOINLINE char *of_libc(enum side_kind kind, size_t bytes)
{
	static char text[1 << 16];
	char *p = NULL;
	CHECK(bytes < sizeof(text));
	filled(text, bytes);
	if (kind == KIND_STRDUP)
		return strdup(text);
	if (kind == KIND_GETLINE)
		return read_line(text);
	CHECK(asprintf(&p, "%s", text) > 0);
	return p;
}

static NOINLINE void *make_new(enum side_kind kind, size_t bytes)
{
	return filled(kind == KIND_NEW ? _Znwm(bytes) : _Znam(bytes), bytes);
}

static NOINLINE void *make(enum side_kind kind, size_t bytes)
{
	void *p = NULL;
	switch (kind) {
	case KIND_MALLOC:
		return filled(some_malloc ? some_malloc(bytes, 0) : malloc(bytes), bytes);
	case KIND_CALLOC:
		if (some_malloc)
			return some_calloc ? some_calloc(1, bytes) : NULL;
		return calloc(1, bytes);
	case KIND_ALIGNED:
		return some_malloc || posix_memalign(&p, 64, bytes) ? NULL : filled(p, bytes);
	case KIND_NEW:
	case KIND_NEW_ARRAY:
		return make_new(kind, bytes);
	default:
		return of_libc(kind, bytes);
	}
}

static NOINLINE void *release(enum side_way way, void *p, size_t bytes)
{
	switch (way) {
	case WAY_FREE:
		if (some_free)
			some_free(p, 0);
		else
			free(p);
		return NULL;
	case WAY_REALLOC:
		return some_realloc ? some_realloc(p, bytes, 0) : realloc(p, bytes);
	case WAY_USABLE:
		CHECK((some_usable ? some_usable(p, 0) : malloc_usable_size(p)) >= bytes);
		return p;
	case WAY_SIZED:
		_ZdlPvm(p, bytes);
		return NULL;
	case WAY_DELETE:
		_ZdlPv(p);
		return NULL;
	default:
		_ZdaPv(p);
		return NULL;
	}
}

__attribute__((visibility("default"))) const struct side *cross_side(void)
{
	static struct side side = { SIZED_NONE, 0, make, release };
	bool by_names = some_malloc != NULL;
	side.sized = !by_names ? SIZED_DELETE : some_sized ? SIZED_FREE : SIZED_NONE;
	side.has_usable = !by_names || some_usable;
	return &side;
}

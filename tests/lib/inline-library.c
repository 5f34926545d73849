/* inline-library.c - see inline-library.h. */
#include "tests/lib/inline-library.h"

#include <dlfcn.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void library_open(struct library *l, const char *path, int mode)
{
	struct link_map *map;
	struct err err;
	memset(l, 0, sizeof(*l));
	l->handle = dlopen(path, mode);
	if (!l->handle || dlinfo(l->handle, RTLD_DI_LINKMAP, &map) != 0) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	l->path = map->l_name;
	l->bias = map->l_addr;
	if (elf_file_open(&l->file, map->l_name, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	l->planner = hook_planner_new(&l->file);
}

void library_close(struct library *l)
{
	hook_planner_free(l->planner);
	elf_file_close(&l->file);
}

void library_hook(struct library *l, struct hook_point *p, const char *name, uint64_t address,
		  const void *hook, unsigned argument)
{
	library_hook_full(l, p, name, address, hook, argument, inline_keep_but_integer);
}

void library_hook_full(struct library *l, struct hook_point *p, const char *name, uint64_t address,
		       const void *hook, unsigned argument, void (*keeper)(void))
{
	memset(p, 0, sizeof(*p));
	p->name = name;
	p->address = address;
	p->reason = hook_plan_make(l->planner, address - l->bias, &p->plan);
	const struct inline_hook request = { .plan = &p->plan,
					     .bias = l->bias,
					     .hook = hook,
					     .argument = argument,
					     .keeper = inline_plan_needs_keeper(&p->plan)
							       ? (const void *)keeper
							       : NULL,
					     .point = (uintptr_t)p };
	if (p->reason == PLAN_NONE)
		p->reason = inline_patch_prepare(&l->memory, &request, &p->patch);
}

uint64_t count_and_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			struct hook_point *p)
{
	typedef uint64_t original_fn(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
	__atomic_fetch_add(&p->calls, 1, __ATOMIC_RELAXED);
	return ((original_fn *)p->patch.original)(a, b, c, d, e);
}

void tell(bool good, const char *name, const char *format, ...)
{
	va_list args;
	printf("%s\t%s", good ? "ok" : "not ok", name);
	if (!good) {
		va_start(args, format);
		printf("\t");
		vprintf(format, args);
		va_end(args);
	}
	printf("\n");
	fflush(stdout);
}

/* inline-library.h - a shared library in this process with inline hooks on its functions; what the
 * test programs of inline hooks share. */
#ifndef ALLOCTRACE_TESTS_INLINE_LIBRARY_H
#define ALLOCTRACE_TESTS_INLINE_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"
#include "elf/hook_plan.h"
#include "lib/inline_patch.h"

struct library {
	void *handle;
	const char *path;
	uint64_t bias;
	struct elf_file file;
	struct hook_planner *planner;
	struct inline_memory memory;
};

/* One hooked function; the hook gets it as its last argument. */
struct hook_point {
	const char *name;
	uint64_t address; /* where it is loaded */
	struct hook_plan plan;
	struct inline_patch patch;
	enum plan_reason reason; /* PLAN_NONE: `patch` holds */
	uint64_t calls;
	uint64_t nothing; /* for hooks of functions that return nothing: added to the result */
};

/* mode: for dlopen(). Ends the program when it cannot be loaded. */
void library_open(struct library *l, const char *path, int mode);
/* It stays loaded, and its hooks stay. */
void library_close(struct library *l);
/* Plans and prepares a hook of the function at the address; `argument` is where `hook` finds the
 * point. p->reason tells whether it can be enabled. */
void library_hook(struct library *l, struct hook_point *p, const char *name, uint64_t address,
		  const void *hook, unsigned argument);

/* The same for a function that does not return an integer. */
void library_hook_full(struct library *l, struct hook_point *p, const char *name, uint64_t address,
		       const void *hook, unsigned argument, void (*keeper)(void));

/* Counts, and calls the original: for functions of up to five integer arguments. */
uint64_t count_and_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			struct hook_point *p);
enum { COUNT_AND_CALL_ARGUMENT = 5 };

/* A line "ok" or "not ok", tab, name, and for the latter why. */
void tell(bool good, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif

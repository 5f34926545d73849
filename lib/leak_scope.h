/* leak_scope.h - what was there when a scope of alloctrace.h began: for alloctrace_leak_check().
 *
 * Inside the traced process, in the thread that has the scope. Blocks have running numbers in their
 * ring: those that the rings had reached when the scope began tell exactly which blocks are of
 * before. The tool reads them out of the process's memory. */
#ifndef ALLOCTRACE_LIB_LEAK_SCOPE_H
#define ALLOCTRACE_LIB_LEAK_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/thread.h"
#include "wire/scans.h"

enum { LEAK_SCOPE_DEPTH = 16 }; /* scopes in each other; what is begun further in is not known */

struct leak_scope {
	uint64_t tsc;
	uint32_t slots;
	uint32_t pad;
	char label[SCAN_LABEL_BYTES];	     /* terminated */
	uint64_t counters[SCAN_SINCE_SLOTS]; /* first of the blocks since */
};

/* Inside a hook, while the runtime works. */
void leak_scope_begin(struct thread *t, const char *name);
/* Ends the innermost scope of that name, with those inside it; nothing if there is none. */
void leak_scope_end(struct thread *t, const char *name);
/* The innermost one, NULL if there is none. False: there are, but it is not known. */
bool leak_scope_find(const struct thread *t, const struct leak_scope **scope);

#endif

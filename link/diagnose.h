/* diagnose.h - between the parts of diagnosis.c: how each one adds to the list. */
#ifndef ALLOCTRACE_LINK_DIAGNOSE_H
#define ALLOCTRACE_LINK_DIAGNOSE_H

#include "link/diagnosis.h"
#include "link/heaps.h"
#include "util/strbuf.h"

struct diagnosing {
	const struct linked *linked;
	const struct static_tls_tunables *tunables;
	struct diagnoses *out;
	const struct static_tls *static_tls;
	struct heap_calls *calls; /* of each module */
};

/* The pointer is good until the next one. what and fix are taken over. */
struct diagnosis *diagnose_add(struct diagnosing *d, enum diagnosis_kind kind,
			       enum diagnosis_severity severity, char *what, char *fix);
void diagnosis_add_module(struct diagnosis *is, size_t module);	     /* once */
void diagnosis_add_symbol(struct diagnosis *is, const char *symbol); /* once */

/* By which the module's blocks of the malloc family are released, or made; NULL: it has none. */
const struct heap_call *diagnose_main_call(const struct heap_calls *calls);

/* The parts. */
void diagnose_loading(struct diagnosing *d);
void diagnose_static_tls(struct diagnosing *d);
void diagnose_splits(struct diagnosing *d);
void diagnose_heaps(struct diagnosing *d);
void diagnose_unused(struct diagnosing *d);

/* Words. */
const char *diagnose_name(const struct diagnosing *d, size_t module); /* the file's name */
/* "jemalloc (libjemalloc.so.2)"; the file's name alone where it says it. */
void diagnose_add_heap(struct strbuf *out, const struct diagnosing *d, size_t module);
/* "a, b and c", at most four; "a, b, c and 5 more". Operators as C++ writes them. */
void diagnose_add_symbols(struct strbuf *out, const struct diagnosis *is);
void diagnose_add_modules(struct strbuf *out, const struct diagnosing *d, const size_t *modules,
			  size_t count);
/* How to have one allocator for all: the fix of most. keep: its module. */
char *diagnose_fix_order(const struct diagnosing *d, size_t keep);

#endif

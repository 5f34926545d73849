/* diagnosis.h - what is wrong, or can go wrong, with how a program is linked: a ranked list.
 *
 * Looks only at what is known of the modules and their bindings; says nothing to the user: see
 * report/diagnosis_report.h. An ordinary program has no errors and no warnings. */
#ifndef ALLOCTRACE_LINK_DIAGNOSIS_H
#define ALLOCTRACE_LINK_DIAGNOSIS_H

#include <stddef.h>
#include <stdint.h>

#include "link/linked.h"
#include "link/static_tls.h"

enum diagnosis_severity {
	DIAGNOSIS_ERROR,   /* it fails, or what belongs together goes to different allocators */
	DIAGNOSIS_WARNING, /* it can fail, if blocks get from one place to the other */
	DIAGNOSIS_NOTE,
};

/* In the order in which they are listed where the severity is the same. */
enum diagnosis_kind {
	DIAGNOSIS_NOT_FOUND,  /* a library that is needed */
	DIAGNOSIS_STATIC_TLS, /* an opening that fails for lack of room */
	DIAGNOSIS_SPLIT_API, /* malloc from one allocator, something with its blocks from another */
	DIAGNOSIS_MISSING_MEMBER, /* the same, because the allocator in use does not have it */
	DIAGNOSIS_SPLIT_OPERATORS,
	DIAGNOSIS_GIVEN_BLOCKS, /* strdup() of the C library with one, free() of another */
	DIAGNOSIS_DEEPBIND,
	DIAGNOSIS_NAMESPACE,
	DIAGNOSIS_TWO_ALLOCATORS,
	DIAGNOSIS_HIDDEN_COPY,
	DIAGNOSIS_AFTER_LIBC,
	DIAGNOSIS_NOT_USED,
	DIAGNOSIS_LATE,
	DIAGNOSIS_DIFFERS, /* the process from what the search says */
	DIAGNOSIS_TEXT_RELOCATIONS,
	DIAGNOSIS_EXECUTABLE_STACK,
	DIAGNOSIS_SETUID,
	DIAGNOSIS_OPERATORS_APART,
	DIAGNOSIS_PRIVATE_HEAP,
	DIAGNOSIS_KINDS
};

struct diagnosis {
	enum diagnosis_kind kind;
	enum diagnosis_severity severity;
	char *what;	 /* a sentence */
	char *fix;	 /* another; NULL: nothing is to be done */
	size_t *modules; /* that it is about, as linked.modules; the one to blame first */
	size_t module_count, module_cap;
	char **symbols;
	size_t symbol_count, symbol_cap;
	uint64_t tunable; /* DIAGNOSIS_STATIC_TLS: the value that helps; 0: none */
};

struct diagnoses {
	struct diagnosis *items; /* the most severe first */
	size_t count, cap;
};

/* Of one program; it belongs to its struct linked. */
struct diagnosed {
	struct diagnoses problems;
	struct static_tls static_tls;
};

/* Sets l->diagnosed. tunables: as the program would have them. */
void diagnose(struct linked *l, const struct static_tls_tunables *tunables);
void diagnosed_free(struct diagnosed *d);

/* "split-api", ... */
const char *diagnosis_kind_name(enum diagnosis_kind kind);
const char *diagnosis_severity_name(enum diagnosis_severity severity);

#endif

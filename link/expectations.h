/* expectations.h - what a gate wants of the allocators of programs and files, and where it is not
 * so.
 *
 * Three wishes: KIND is the allocator in use (of the program, or of modules by a pattern); KIND is
 * not there; no more than one allocator can be called. Checked against a program with its libraries
 * (linked.h) or against the allocators of one file. The words are for people: what was wanted, what
 * is there, why, what to do. Nothing is printed here. */
#ifndef ALLOCTRACE_LINK_EXPECTATIONS_H
#define ALLOCTRACE_LINK_EXPECTATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "link/linked.h"
#include "link/uses.h"
#include "util/err.h"
#include "util/strbuf.h"

enum expectation_wish {
	EXPECT_IN_USE, /* KIND serves what makes blocks */
	EXPECT_NONE,   /* KIND is nowhere; of a C library's, which is always there: not in use */
	EXPECT_SINGLE, /* at most one that can be called */
};

enum version_test { VERSION_ANY, VERSION_EQUAL, VERSION_AT_LEAST, VERSION_BELOW };

struct expectation {
	enum expectation_wish wish;
	enum family family;
	enum version_test test;
	char *version;
	char *module;	  /* shell pattern of a path or file name; NULL: the program, or any */
	const char *text; /* as it was given */
	bool was_tested;  /* there was something to compare */
};

struct expectations {
	struct expectation *items;
	size_t count, cap;
};

#define EXPECTATIONS_INIT                                                                          \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/* "mimalloc", "mimalloc@libfoo*", "jemalloc>=5.3@*.node"; text is kept, and NULL for EXPECT_SINGLE.
 */
int expectations_add(struct expectations *e, enum expectation_wish wish, const char *text,
		     struct err *err) AT_MUST_CHECK;
void expectations_release(struct expectations *e);

/* A wish that is not met. */
struct unmet {
	const struct expectation *expectation;
	char *target; /* the program or file; NULL: all of them */
	char *found;  /* what is there, a clause */
	char *why;    /* how that came, sentences without the last full stop; NULL: not known */
	char *fix;    /* what to do; NULL: no advice */
};

struct unmets {
	struct unmet *items;
	size_t count, cap;
};

#define UNMETS_INIT                                                                                \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

void unmets_release(struct unmets *u);

/* Compares a program, and adds what is not met. */
void expectations_check(struct expectations *e, const struct linked *l, struct unmets *out);
/* The same of one file for itself: it carries KIND and no other; not KIND; at most one. A file
 * without allocators is passed over. */
void expectations_check_file(struct expectations *e, const char *path,
			     const struct allocators *found, struct unmets *out);
/* In the end: what was expected and never met anything that it could be compared with is not met.
 */
void expectations_finish(struct expectations *e, struct unmets *out);

/* Whether the allocator is of the kind and the version that are meant. */
bool expectation_is_of_kind(const struct expectation *x, const struct allocator *is);
/* Whether the module is one that the pattern means; without a pattern all are. */
bool expectation_means(const struct expectation *x, const struct linked *l, size_t module);

/* "--expect=mimalloc" */
void expectation_add_option(struct strbuf *out, const struct expectation *e);

#endif

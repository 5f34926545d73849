/* symbols_targets.h - what `alloctrace symbols` is to look at: each kind of target becomes files of
 * a survey, programs with what they are linked with, or both. */
#ifndef ALLOCTRACE_CLI_SYMBOLS_TARGETS_H
#define ALLOCTRACE_CLI_SYMBOLS_TARGETS_H

#include "link/link_files.h"
#include "link/linked.h"
#include "symbol/survey.h"

struct symbols_targets {
	struct survey survey; /* of files and directories */
	/* Each one is its own allocation. */
	struct linked **programs;
	size_t program_count, program_cap;
	struct allocator_finder *finder;
	bool failed; /* a target could not be looked at, which has been said */
};

void symbols_targets_init(struct symbols_targets *t);
void symbols_targets_release(struct symbols_targets *t);

/* A program to be reported, empty; to be filled by the caller. */
struct linked *symbols_targets_add(struct symbols_targets *t);
/* Takes the one back that was added last and is still empty. */
void symbols_targets_take_back(struct symbols_targets *t);

/* Looks at the files and directories; all_bindings: each file that was named is a program, else
 * only if nothing else is. */
void symbols_targets_files(struct symbols_targets *t, char *const *paths, int count,
			   const struct link_environment *env, bool all_bindings);

/* What is wrong with each program. tunables: GLIBC_TUNABLES as they would have it; NULL: none. */
void symbols_targets_diagnose(struct symbols_targets *t, const char *tunables);

#endif

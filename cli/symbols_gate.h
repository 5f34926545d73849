/* symbols_gate.h - --expect, --forbid and --single of `alloctrace symbols`: what CI wants of the
 * allocators, and exit code 23 where it is not so. */
#ifndef ALLOCTRACE_CLI_SYMBOLS_GATE_H
#define ALLOCTRACE_CLI_SYMBOLS_GATE_H

#include "cli/options.h"
#include "cli/symbols_targets.h"
#include "link/expectations.h"

struct symbols_gate {
	struct option_list expect, forbid; /* as given */
	bool single;
	struct expectations wishes;
	struct unmets unmets;
};

/* -1, or the exit code of a mistake, which has been said. */
int symbols_gate_begin(struct symbols_gate *gate, const struct usage *usage);
void symbols_gate_release(struct symbols_gate *gate);
bool symbols_gate_is_asked(const struct symbols_gate *gate);
/* Compares all targets with the wishes. */
void symbols_gate_check(struct symbols_gate *gate, const struct symbols_targets *targets);
/* Says what is not met, on stderr, or else which modules are not known; returns the exit code that
 * `code` becomes. */
int symbols_gate_finish(const struct symbols_gate *gate, const struct symbols_targets *targets,
			int code);

#endif

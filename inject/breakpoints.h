/* breakpoints.h - instructions of a stopped program replaced by int3.
 *
 * A thread of the program is stopped by ptrace whenever one is set or removed. */
#ifndef ALLOCTRACE_INJECT_BREAKPOINTS_H
#define ALLOCTRACE_INJECT_BREAKPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct breakpoint {
	uint64_t address;
	uint8_t byte; /* that was there */
};

struct breakpoints {
	struct breakpoint *items;
	size_t count, cap;
};

void breakpoints_release(struct breakpoints *b); /* forgets them */
struct breakpoint *breakpoints_find(const struct breakpoints *b, uint64_t address);
/* tid: a stopped thread of the program. False: nothing is mapped there. */
bool breakpoints_set(struct breakpoints *b, pid_t tid, uint64_t address);
void breakpoints_remove(struct breakpoints *b, pid_t tid, uint64_t address);
/* Takes all of them out of the memory of a copy of the program, a forked child. */
void breakpoints_clean_copy(const struct breakpoints *b, pid_t tid);
/* Takes it out for a moment, and puts it in again. */
void breakpoint_lift(const struct breakpoint *b, pid_t tid);
void breakpoint_put(const struct breakpoint *b, pid_t tid);

#endif

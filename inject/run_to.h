/* run_to.h - starts a program and stops it at places in it: its entry, main(), addresses, its end.
 *
 * By ptrace and breakpoints. The program keeps its input, output, signals, terminal and children:
 * what it forks is let go, without breakpoints, and may outlive it. The program itself never
 * outlives the tool stopped: the kernel ends it when the tool ends, however that happens
 * (PTRACE_O_EXITKILL). All calls from one thread. While it runs, SIGINT and SIGQUIT from the
 * terminal are for the program alone. */
#ifndef ALLOCTRACE_INJECT_RUN_TO_H
#define ALLOCTRACE_INJECT_RUN_TO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

enum run_event {
	RUN_ENTRY, /* linked, its libraries initialised; again after each exec */
	RUN_BREAK, /* a breakpoint */
	RUN_EXIT,  /* about to end: its memory is still there */
	RUN_ENDED, /* it is no more */
};

struct run_to;

/* Starts argv[0], looked for along PATH; it runs from the next run_to_next() on. NULL with the
 * error; *exec_errno: why exec failed, if that was it, else 0. */
struct run_to *run_to_start(char *const *argv, int *exec_errno, struct err *err) AT_MUST_CHECK;
pid_t run_to_pid(const struct run_to *r);
/* Lets it run up to the next event; *address: of the breakpoint. What is to be looked at is stopped
 * then, other threads are not. */
enum run_event run_to_next(struct run_to *r, uint64_t *address);

/* Sets or removes a breakpoint; an exec removes all. False: nothing is mapped there. */
bool run_to_break(struct run_to *r, uint64_t address);
void run_to_unbreak(struct run_to *r, uint64_t address);
/* After RUN_ENTRY: the address of main(), found by running the few instructions up to the call of
 * __libc_start_main; 0: this program has none that can be found. */
uint64_t run_to_find_main(struct run_to *r);

/* Ends the program if it has not ended, and waits for its end. */
void run_to_free(struct run_to *r);

#endif

/* crash.h - when a signal is about to kill the program: what it was doing, for the user.
 *
 * Inside the traced process. A handler is in place for the signals that crashes raise as long as
 * the program has none of its own (hooks_signal.c keeps it out of the program's sight). It leaves a
 * record in the session memory (wire/crashes.h) and then lets the signal do what it would have
 * done: same status, same core file.
 *
 * Where leaks are looked for at the end, signals that end a process without a crash (SIGTERM) have the
 * handler, too; they leave no record. */
#ifndef ALLOCTRACE_LIB_CRASH_H
#define ALLOCTRACE_LIB_CRASH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct session_crash;
struct stack;

/* At the start of the runtime, when the session is known. */
void crash_install(void);
/* Takes the handlers out, and puts them back in: a program that forbids itself system calls. */
void crash_remove(void);
void crash_restore(void);
/* A thread begins that has a ring: it gets a stack on which an overflow of its own can be told. */
void crash_thread_begins(uint32_t slot);
void crash_forked(void);
/* A handler of the program's runs on signal stacks: no more threads get one from here. */
void crash_give_up_stacks(void);
bool crash_is_own_stack(const stack_t *s);

/* The runtime itself is going to end the program, and has said why. */
void crash_expect_abort(void);

/* Whether the signal is one of a crash and handlers are in place at all. */
bool crash_covers(int signal);
void crash_action(struct sigaction *action); /* the handler's */
void crash_handler(int signal, siginfo_t *info, void *context);

/* What is in the registers and on the stack: fills in everything that can be looked up.
 * crash_look_begin() finds, at the start, what is needed for that. */
void crash_look_begin(void);
void crash_look(struct session_crash *c, const siginfo_t *info, const ucontext_t *context);

#endif

/* own-stack.h - a signal whose handler has a stack of its own, for C and C++. */
#ifndef TESTS_OWN_STACK_H
#define TESTS_OWN_STACK_H

#include <signal.h>
#include <string.h>

#include "expect.h"

static void handle_on_own_stack(int number, void (*handler)(int))
{
	static char signal_stack[65536];
	struct sigaction action;
	stack_t stack;
	memset(&action, 0, sizeof(action));
	memset(&stack, 0, sizeof(stack));
	stack.ss_sp = signal_stack;
	stack.ss_size = sizeof(signal_stack);
	CHECK(sigaltstack(&stack, NULL) == 0);
	action.sa_handler = handler;
	action.sa_flags = SA_ONSTACK;
	CHECK(sigaction(number, &action, NULL) == 0);
}

#endif

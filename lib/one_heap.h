/* one_heap.h - are two allocators that have numbers of their own one and the same?
 *
 * Inside the traced process; called from a hook, with the guard GUARD_BUSY, for the rare release
 * that crosses from one to the other. The program's heap, number 0, is what its calls by name get
 * to behind the runtime. That may be a function that does nothing but call another one by name:
 * operators of the C++ library, which call free and delete of a program that has its own, or a
 * preloaded library that counts and hands on to libc, which plugins with RTLD_DEEPBIND call
 * directly. */
#ifndef ALLOCTRACE_LIB_ONE_HEAP_H
#define ALLOCTRACE_LIB_ONE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/record.h"

/* A block of `maker`'s, made by a function of made_role, given to one of receiver's of role. */
struct one_heap_question {
	uint32_t maker, receiver;
	enum role made_role, role;
};

bool one_heap(const struct hook *h, const struct one_heap_question *q);

#endif

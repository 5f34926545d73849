/* hooks_inline.h - what the jumps of inline hooks lead to.
 *
 * Inside the traced process. One entry serves all functions of all allocators: it is given the
 * hook point, which says what the function does and what its arguments are. */
#ifndef ALLOCTRACE_LIB_HOOKS_INLINE_H
#define ALLOCTRACE_LIB_HOOKS_INLINE_H

/* Written in assembly: takes the arguments of the hooked function as its caller left them, and the
 * point in %r11. Not to be called from C. */
extern const char hooks_inline_entry[];

/* The same for functions that look at who calls them (dlopen, dlsym): what they are given is looked
 * at, and then they are gone on to with the stack as it was. */
extern const char hooks_inline_watch[];

#endif

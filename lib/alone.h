/* alone.h - the runtime without a collector: LD_PRELOAD=liballoctrace.so, and no session.
 *
 * Inside the traced process. The memory that a session shares is then the process's own, without
 * rings: blocks and their stacks are known, wrong releases are looked for and told on the spot
 * (tell_here.h), nothing is recorded. Functions are not hooked inline, because the plans for that
 * are the tool's to make: what is seen is what the dynamic linker binds to the runtime. */
#ifndef ALLOCTRACE_LIB_ALONE_H
#define ALLOCTRACE_LIB_ALONE_H

#include <stdbool.h>

/* Makes the memory and reads the environment. had_collector: of the processes that have started
 * this one one had, and it was killed. False: there is nothing to do here, or no memory. */
bool alone_start(bool had_collector);

/* In the child of a fork. */
bool alone_forked(void);

#endif

/* unwound.c - see unwound.h. */
#include "lib/unwound.h"

#include <stdint.h>

#include "lib/thread.h"

enum { UA_CLEANUP_PHASE = 2, URC_CONTINUE_UNWIND = 8 };

__attribute__((used)) int alloctrace_personality(int version, int actions, uint64_t class,
						 void *exception, void *context);
int alloctrace_personality(int version, int actions, uint64_t class, void *exception,
			   void *context)
{
	if (actions & UA_CLEANUP_PHASE)
		thread_unwound(thread_self);
	return URC_CONTINUE_UNWIND;
}

__asm__(".pushsection .data.rel.local.alloctrace_personality,\"aw\"\n\t"
	".balign 8\n\t"
	".hidden alloctrace_personality_pointer\n\t"
	".globl alloctrace_personality_pointer\n"
	"alloctrace_personality_pointer:\n\t"
	".quad alloctrace_personality\n\t"
	".popsection");

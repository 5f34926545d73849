/* hooks_symbol.c - dlsym and dlvsym, watched for a program that asks for an allocator's own
 * functions.
 *
 * Inside the traced process. What it gets goes past the runtime's hooks. With the tool's plans such
 * functions are hooked where they begin, and these two as well (hooks_inline.c); without them this
 * is how doubt.c knows. What RTLD_NEXT means depends on the caller: the real function is jumped to,
 * with the caller's return address on the stack. */
#include "lib/doubt.h"
#include "lib/elf_symbols.h"
#include "lib/function_frame.h"
#include "lib/record.h"

AT_HOOK void *dlsym(void *restrict handle, const char *restrict name);
AT_HOOK void *dlvsym(void *restrict handle, const char *restrict name,
		     const char *restrict version);

enum watched { DLSYM, DLVSYM };

__attribute__((used, visibility("hidden"))) void *
alloctrace_symbol_asked(const void *handle, const char *name, enum watched function);

static void *find_nothing(void)
{
	return NULL;
}

void *alloctrace_symbol_asked(const void *handle, const char *name, enum watched function)
{
	static const char *const names[] = { [DLSYM] = "dlsym", [DLVSYM] = "dlvsym" };
	static void *found[AT_COUNT_OF(names)];
	void *real = at_load_relaxed(&found[function]);
	if (!real) {
		real = elf_symbol_next(names[function]);
		at_store_relaxed(&found[function], real);
	}
	if (name)
		doubt_symbol(handle, name);
	return real ? real : (void *)find_nothing;
}

/* clang-format off */
#define WATCHED(function, number)                             \
	__asm__(FUNCTION_WITH_FRAME(#function)                \
		"push %rdi\n\t"                               \
		"push %rsi\n\t"                               \
		"push %rdx\n\t"                               \
		"push %rcx\n\t"                               \
		"mov $" #number ", %edx\n\t"                  \
		"call alloctrace_symbol_asked\n\t"            \
		"pop %rcx\n\t"                                \
		"pop %rdx\n\t"                                \
		"pop %rsi\n\t"                                \
		"pop %rdi\n\t"                                \
		FRAME_ENDS                                    \
		"notrack jmp *%rax\n\t"                       \
		FUNCTION_ENDS(#function))
/* clang-format on */

_Static_assert(DLSYM == 0 && DLVSYM == 1, "as below");
WATCHED(dlsym, 0);
WATCHED(dlvsym, 1);

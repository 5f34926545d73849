/* wrong-past.c - a free across allocators in a program that also calls malloc past the hooks.
 *
 * Such calls make it doubtful that a block was freed twice, but not whose a block is: both allocators'
 * own functions are hooked. Prints what is to be found, as wrong-forms does. */
#include <dlfcn.h>

#include "expect.h"

void *__libc_malloc(size_t size);
void __libc_free(void *p);

static void NOINLINE free_theirs(void *p)
{
	free(p);
	KEEP_FRAME();
}

int main(void)
{
	void *mimalloc = dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL);
	CHECK(mimalloc);
	void *(*mi_malloc)(size_t) = (void *(*)(size_t))dlsym(mimalloc, "mi_malloc");
	CHECK(mi_malloc);
	__libc_free(keep(__libc_malloc(50021)));
	for (int i = 0; i < 3; i++)
		free_theirs(keep(mi_malloc(50023)));
	printf("wrong class=cross role=free made=malloc size=50023 count=3 from=free_theirs\nsurvived\n");
	return 0;
}

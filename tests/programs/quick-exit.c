/* quick-exit.c - ends by quick_exit; its handlers allocate, atexit's do not run. */
#include "expect.h"

static void NOINLINE at_quick(void)
{
	free(keep(malloc(36007)));
}

static void never(void)
{
	(void)!keep(malloc(36011));
}

int main(void)
{
	CHECK(at_quick_exit(at_quick) == 0);
	CHECK(atexit(never) == 0);
	(void)!keep(malloc(36013));
	expect("size=36007 allocs=1 frees=1 frames=at_quick");
	expect("size=36011 allocs=0 frees=0");
	expect("size=36013 allocs=1 frees=0");
	quick_exit(17);
}

/* constructors.c - allocations before main: preinit_array, early and ordinary constructors. */
#include "expect.h"

static void *early, *ordinary, *preinit;

static void NOINLINE in_preinit(void)
{
	preinit = keep(malloc(34019));
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit_entry)(void) =
	in_preinit;

__attribute__((constructor(101))) static void NOINLINE early_constructor(void)
{
	early = keep(malloc(34031));
}

__attribute__((constructor)) static void NOINLINE constructor(void)
{
	ordinary = keep(malloc(34033));
	free(early);
}

__attribute__((destructor)) static void NOINLINE destructor(void)
{
	free(keep(malloc(34039)));
	free(ordinary);
}

int main(void)
{
	free(preinit);
	expect("size=34019 allocs=1 frees=1 role=malloc frames=in_preinit");
	expect("size=34031 allocs=1 frees=1 role=malloc frames=early_constructor");
	expect("size=34033 allocs=1 frees=1 role=malloc frames=constructor");
	expect("size=34039 allocs=1 frees=1 role=malloc frames=destructor");
	return 0;
}

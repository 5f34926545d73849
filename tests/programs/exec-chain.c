/* exec-chain.c - one process that replaces itself six times. */
#include "expect.h"

int main(int argc, char **argv)
{
	int left = argc > 1 ? atoi(argv[1]) : 6;
	free(keep(malloc(47017)));
	(void)!keep(malloc(47041)); /* gone with the exec */
	if (left > 0) {
		char number[16];
		snprintf(number, sizeof(number), "%d", left - 1);
		execl("/proc/self/exe", argv[0], number, (char *)NULL);
		CHECK(!"exec failed");
	}
	expect("size=47017 allocs=7 frees=7 processes=7");
	expect("size=47041 allocs=7 frees=0 processes=7");
	return 0;
}

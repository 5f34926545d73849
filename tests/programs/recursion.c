/* recursion.c - 100000 frames; the stack kept is the innermost part, up to the limit. */
#include <sys/resource.h>

#include "expect.h"

enum { FRAMES = 100000 };

static void *kept[FRAMES / 100 + 1];
static int kept_count;

static void NOINLINE recurse(int depth)
{
	if (depth % 100 == 0)
		kept[kept_count++] = keep(malloc(54001));
	if (depth > 0)
		recurse(depth - 1);
	if (depth % 100 == 0)
		free(kept[--kept_count]);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	const struct rlimit large = { 256 << 20, RLIM_INFINITY };
	struct rlimit now;
	CHECK(getrlimit(RLIMIT_STACK, &now) == 0);
	if (argc == 1 && now.rlim_cur < large.rlim_cur) {
		/* The main thread's stack gets the new limit at exec. */
		CHECK(setrlimit(RLIMIT_STACK, &large) == 0);
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		CHECK(!"exec failed");
	}
	recurse(FRAMES);
	recurse(20);
	/* FRAMES/100 + 1 in the deep run, and two (at 0; 20 is no multiple of 100) in the other. */
	expect("size=54001 allocs=%d frees=%d frames=recurse max_depth=129", FRAMES / 100 + 2,
	       FRAMES / 100 + 2);
	return 0;
}

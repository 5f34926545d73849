/* longjmp.c - frames thrown away by longjmp; the stacks after it must not remember them. */
#include <setjmp.h>

#include "expect.h"

static jmp_buf back;

static void NOINLINE leaf(int jump)
{
	free(keep(malloc(52009)));
	if (jump)
		longjmp(back, 1);
	KEEP_FRAME();
}

static void NOINLINE first_way(int depth, int jump)
{
	if (depth > 0)
		first_way(depth - 1, jump);
	else
		leaf(jump);
	KEEP_FRAME();
}

static void NOINLINE second_leaf(void)
{
	free(keep(malloc(52021)));
	KEEP_FRAME();
}

static void NOINLINE second_way(int depth)
{
	if (depth > 0)
		second_way(depth - 1);
	else
		second_leaf();
	KEEP_FRAME();
}

int main(void)
{
	for (volatile int i = 0; i < 5000; i++) {
		if (setjmp(back) == 0)
			first_way(10, i % 2);
		second_way(10);
	}
	/* main, eleven frames of recursion, the leaf; outside main two or three of libc's. */
	expect("size=52009 allocs=5000 frees=5000 "
	       "callers=leaf,first_way,first_way,first_way,first_way,first_way,first_way,first_way,"
	       "first_way,first_way,first_way,first_way,main min_depth=13 max_depth=17");
	expect("size=52021 allocs=5000 frees=5000 "
	       "callers=second_leaf,second_way,second_way,second_way,second_way,second_way,"
	       "second_way,second_way,second_way,second_way,second_way,second_way,main "
	       "min_depth=13 max_depth=17");
	return 0;
}

/* same-place.c - calls that meet again and again at the same pc and stack pointer, with other
 * callers: nothing but the words on the stack tells the stacks apart. The return addresses that
 * differ lie at changing places, which only rbp leads to; what an older place holds looks right
 * for a long time. */
#include <alloca.h>

#include "expect.h"

enum { ROUNDS = 600, FIRST_SIZE = 61001, KINDS = 4, STEP = 64 };

static size_t size;

static NOINLINE void allocate(void)
{
	free(keep(malloc(size)));
	KEEP_FRAME();
}

static NOINLINE void call_left(void)
{
	allocate();
	KEEP_FRAME();
}

/* Keeps its caller's rbp on the stack. */
static NOINLINE void call_right(void)
{
	__asm__ volatile("xor %%ebp, %%ebp" ::: "rbp", "cc");
	allocate();
	KEEP_FRAME();
}

/* The smaller move()'s frame, the larger this one: call_right() always has the same place. */
static NOINLINE void fill_up(size_t bytes)
{
	keep(alloca(bytes));
	call_right();
	KEEP_FRAME();
}

static NOINLINE void even(size_t bytes)
{
	fill_up(bytes);
	KEEP_FRAME();
}

static NOINLINE void odd(size_t bytes)
{
	fill_up(bytes);
	KEEP_FRAME();
}

static NOINLINE void move(size_t bytes, int is_odd)
{
	keep(alloca(bytes));
	if (is_odd)
		odd((KINDS + 1) * STEP - bytes);
	else
		even((KINDS + 1) * STEP - bytes);
	KEEP_FRAME();
}

static int kind_of(int round)
{
	return round / 4 % KINDS;
}

static int is_odd(int round)
{
	return round / 4 % 3 % 2;
}

int main(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		size = FIRST_SIZE + (size_t)(kind_of(i) * 10 + is_odd(i));
		move((size_t)(kind_of(i) + 1) * STEP, is_odd(i));
		size = FIRST_SIZE + 100;
		if (i % 30 == 0)
			call_left();
		size = FIRST_SIZE + 101;
		if (i % 20 == 0)
			call_right();
	}
	for (int name = 0; name < 2 * KINDS; name++) {
		int kind = name / 2, odd = name % 2, count = 0;
		for (int i = 0; i < ROUNDS; i++)
			count += kind_of(i) == kind && is_odd(i) == odd;
		expect("size=%d allocs=%d frees=%d callers=allocate,call_right,fill_up,%s,move,main",
		       FIRST_SIZE + kind * 10 + odd, count, count, odd ? "odd" : "even");
	}
	expect("size=%d allocs=%d frees=%d callers=allocate,call_left,main", FIRST_SIZE + 100,
	       ROUNDS / 30, ROUNDS / 30);
	expect("size=%d allocs=%d frees=%d callers=allocate,call_right,main", FIRST_SIZE + 101,
	       ROUNDS / 20, ROUNDS / 20);
	return 0;
}

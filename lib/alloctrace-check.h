/* alloctrace-check.h - a leak fails the very test that made it: Check (libcheck).
 *
 *	#include <alloctrace-check.h>
 *	TCase *tc = tcase_create("parser");
 *	alloctrace_check_add(tc); // first of the fixtures: it is the last to be torn down
 *
 * Run the tests under alloctrace; with CK_FORK (Check's default) and without. Without alloctrace
 *they are as they were.
 *
 * Copyright (c) 2026 the alloctrace authors. MIT licence. */
#ifndef ALLOCTRACE_CHECK_H
#define ALLOCTRACE_CHECK_H

#include <check.h>

#include "alloctrace.h"

/* Check tells the test's name only when it has begun. */
static void alloctrace_check_setup(void)
{
	alloctrace_scope_begin("test");
}

static void alloctrace_check_teardown(void)
{
	struct alloctrace_leaks leaks;
	int looked = alloctrace_leak_check_named(&leaks, tcase_name());
	unsigned long long blocks = leaks.definite_blocks + leaks.indirect_blocks;
	alloctrace_scope_end("test");
	if (looked && blocks)
		ck_abort_msg("%llu bytes in %llu block%s leaked (alloctrace leaks tells where)",
			     leaks.definite_bytes + leaks.indirect_bytes, blocks,
			     blocks == 1 ? " is" : "s are");
}

static inline void alloctrace_check_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, alloctrace_check_setup, alloctrace_check_teardown);
}

#endif

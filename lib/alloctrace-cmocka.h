/* alloctrace-cmocka.h - a leak fails the very test that made it: cmocka.
 *
 *	#include <alloctrace-cmocka.h>
 *	const struct CMUnitTest tests[] = {
 *		alloctrace_cmocka_unit_test(test_parse),
 *		alloctrace_cmocka_unit_test_setup_teardown(test_load, setup, teardown),
 *	};
 *
 * Run the tests under alloctrace. Without it they are as they were. The test counts as an error, by
 * its name.
 *
 * Copyright (c) 2026 the alloctrace authors. MIT licence. */
#ifndef ALLOCTRACE_CMOCKA_H
#define ALLOCTRACE_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloctrace.h"

/* What cmocka has as the test's state: the functions proper, and their state. */
struct alloctrace_cmocka_case {
	const char *name;
	CMUnitTestFunction test;
	CMFixtureFunction setup, teardown;
	void *state;
};

static int alloctrace_cmocka_setup(void **state)
{
	struct alloctrace_cmocka_case *c = (struct alloctrace_cmocka_case *)*state;
	alloctrace_scope_begin(c->name);
	return c->setup ? c->setup(&c->state) : 0;
}

static void alloctrace_cmocka_run(void **state)
{
	struct alloctrace_cmocka_case *c = (struct alloctrace_cmocka_case *)*state;
	c->test(&c->state);
}

static int alloctrace_cmocka_teardown(void **state)
{
	struct alloctrace_cmocka_case *c = (struct alloctrace_cmocka_case *)*state;
	struct alloctrace_leaks leaks;
	int result = c->teardown ? c->teardown(&c->state) : 0;
	int looked = alloctrace_leak_check(&leaks);
	unsigned long long blocks = leaks.definite_blocks + leaks.indirect_blocks;
	alloctrace_scope_end(c->name);
	if (looked && blocks) {
		print_error("%s leaks %llu bytes in %llu block%s (alloctrace leaks tells where)\n",
			    c->name, leaks.definite_bytes + leaks.indirect_bytes, blocks,
			    blocks == 1 ? "" : "s");
		return -1;
	}
	return result;
}

#define alloctrace_cmocka_unit_test_setup_teardown(f, setup, teardown)                             \
	{                                                                                          \
#f, alloctrace_cmocka_run, alloctrace_cmocka_setup, alloctrace_cmocka_teardown,    \
			&(struct alloctrace_cmocka_case)                                           \
		{                                                                                  \
#f, f, setup, teardown, NULL                                               \
		}                                                                                  \
	}
#define alloctrace_cmocka_unit_test(f) alloctrace_cmocka_unit_test_setup_teardown(f, NULL, NULL)

#endif

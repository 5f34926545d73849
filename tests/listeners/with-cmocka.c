/* with-cmocka.c - cmocka with alloctrace-cmocka.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloctrace-cmocka.h"
#include "leaky.h"

static int setup(void **state)
{
	*state = malloc(50);
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void parser_clean(void **state)
{
	assert_null(*state);
	assert_true(leaky_work(0));
}

static void parser_leaks(void **state)
{
	(void)state;
	assert_true(leaky_work(1));
}

static void parser_keeps(void **state)
{
	(void)state;
	assert_true(leaky_keep());
}

static void lexer_clean(void **state)
{
	assert_non_null(*state);
	assert_true(leaky_work(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		alloctrace_cmocka_unit_test(parser_clean),
		alloctrace_cmocka_unit_test(parser_leaks),
		alloctrace_cmocka_unit_test(parser_keeps),
		alloctrace_cmocka_unit_test_setup_teardown(lexer_clean, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* with-check.c - Check with alloctrace-check.h. */
#include "alloctrace-check.h"

#include "leaky.h"

START_TEST(parser_clean)
{
	ck_assert(leaky_work(0));
}
END_TEST
START_TEST(parser_leaks)
{
	ck_assert(leaky_work(1));
}
END_TEST
START_TEST(parser_keeps)
{
	ck_assert(leaky_keep());
}
END_TEST
START_TEST(lexer_clean)
{
	ck_assert(leaky_work(0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("suite");
	TCase *tc = tcase_create("case");
	alloctrace_check_add(tc);
	tcase_add_test(tc, parser_clean);
	tcase_add_test(tc, parser_leaks);
	tcase_add_test(tc, parser_keeps);
	tcase_add_test(tc, lexer_clean);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_VERBOSE);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

// with-catch2.cc - Catch2 with alloctrace-catch2.h.
#define CATCH_CONFIG_MAIN
#include "alloctrace-catch2.h"

#include "leaky.h"

TEST_CASE("Parser Clean") { REQUIRE(leaky_work(0)); }

TEST_CASE("Parser Leaks")
{
	SECTION("does not") { REQUIRE(leaky_work(0)); }
	SECTION("leaks") { REQUIRE(leaky_work(1)); }
}

TEST_CASE("Parser Keeps") { REQUIRE(leaky_keep()); }
TEST_CASE("Lexer Clean") { REQUIRE(leaky_work(0)); }

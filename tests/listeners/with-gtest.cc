// with-gtest.cc - GoogleTest with alloctrace-gtest.h.
#define ALLOCTRACE_GTEST_INSTALL
#include "alloctrace-gtest.h"

#include "leaky.h"

TEST(Parser, Clean) { EXPECT_TRUE(leaky_work(0)); }
TEST(Parser, Leaks) { EXPECT_TRUE(leaky_work(1)); }
TEST(Parser, Keeps) { EXPECT_TRUE(leaky_keep()); }
TEST(Lexer, Clean) { EXPECT_TRUE(leaky_work(0)); }

/* alloctrace-gtest.h - a leak fails the very test that made it: GoogleTest.
 *
 * In one file of the tests; with gtest_main nothing else is needed:
 *
 *	#define ALLOCTRACE_GTEST_INSTALL
 *	#include <alloctrace-gtest.h>
 *
 * or in main(), before RUN_ALL_TESTS(): alloctrace::GtestListener::install();
 * Run the tests under alloctrace. Without it they are as they were.
 *
 * Copyright (c) 2026 the alloctrace authors. MIT licence. */
#ifndef ALLOCTRACE_GTEST_H
#define ALLOCTRACE_GTEST_H

#include <gtest/gtest.h>

#include <string>

#include "alloctrace.h"

namespace alloctrace
{

/* Each test is a scope with its name; what it has lost when its fixture is gone is its failure. */
class GtestListener : public ::testing::EmptyTestEventListener
{
      public:
	static void install()
	{
		if (alloctrace_is_present())
			::testing::UnitTest::GetInstance()->listeners().Append(new GtestListener);
	}

	void OnTestStart(const ::testing::TestInfo &test) override
	{
		name_ = std::string(test.test_suite_name()) + "." + test.name();
		alloctrace_scope_begin(name_.c_str());
	}

	/* Before the printer's: an added listener is called first here. */
	void OnTestEnd(const ::testing::TestInfo &test) override
	{
		struct alloctrace_leaks leaks;
		int looked = alloctrace_leak_check(&leaks);
		unsigned long long blocks = leaks.definite_blocks + leaks.indirect_blocks;
		alloctrace_scope_end(name_.c_str());
		if (looked && blocks)
			ADD_FAILURE_AT(test.file(), test.line())
				<< name_ << " leaks " << leaks.definite_bytes + leaks.indirect_bytes
				<< " bytes in " << blocks << (blocks == 1 ? " block" : " blocks")
				<< " (alloctrace leaks tells where)";
	}

      private:
	std::string name_;
};

} // namespace alloctrace

#ifdef ALLOCTRACE_GTEST_INSTALL
namespace
{
const struct AlloctraceGtestInstaller {
	AlloctraceGtestInstaller()
	{
		alloctrace::GtestListener::install();
	}
} alloctrace_gtest_installer;
} // namespace
#endif

#endif

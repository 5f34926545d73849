/* alloctrace-catch2.h - a leak fails the very test case that made it: Catch2, versions 2 and 3.
 *
 * In one file of the tests. Version 3:
 *
 *	#include <alloctrace-catch2.h>
 *
 * Version 2, in the file with CATCH_CONFIG_MAIN or CATCH_CONFIG_RUNNER, instead of catch.hpp:
 *
 *	#define CATCH_CONFIG_MAIN
 *	#include <alloctrace-catch2.h>
 *
 * Run the tests under alloctrace. Without it they are as they were.
 *
 * Copyright (c) 2026 the alloctrace authors. MIT licence. */
#ifndef ALLOCTRACE_CATCH2_H
#define ALLOCTRACE_CATCH2_H

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#define ALLOCTRACE_CATCH2_BASE	 Catch::EventListenerBase
#define ALLOCTRACE_CATCH2_CONFIG Catch::IConfig const *
#else
#ifndef CATCH_CONFIG_EXTERNAL_INTERFACES
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#endif
#include <catch2/catch.hpp>
#define ALLOCTRACE_CATCH2_BASE	 Catch::TestEventListenerBase
#define ALLOCTRACE_CATCH2_CONFIG Catch::ReporterConfig const &
#endif

#include <string>

#include "alloctrace.h"

namespace alloctrace
{

/* Each run of a test case - one for each path through its sections - is a scope with its name. It
 * is looked at when the outermost section ends: the last moment at which it can still fail. */
struct Catch2Listener : ALLOCTRACE_CATCH2_BASE {
	explicit Catch2Listener(ALLOCTRACE_CATCH2_CONFIG config) : ALLOCTRACE_CATCH2_BASE(config)
	{
	}

	void testCaseStarting(Catch::TestCaseInfo const &test) override
	{
		name_ = test.name;
	}

	void sectionStarting(Catch::SectionInfo const &) override
	{
		if (depth_++ == 0)
			alloctrace_scope_begin(name_.c_str());
	}

	void sectionEnded(Catch::SectionStats const &) override
	{
		struct alloctrace_leaks leaks;
		if (--depth_ != 0)
			return;
		int looked = alloctrace_leak_check(&leaks);
		unsigned long long blocks = leaks.definite_blocks + leaks.indirect_blocks;
		alloctrace_scope_end(name_.c_str());
		if (looked && blocks)
			FAIL_CHECK(name_ << " leaks " << leaks.definite_bytes + leaks.indirect_bytes
					 << " bytes in " << blocks
					 << (blocks == 1 ? " block" : " blocks")
					 << " (alloctrace leaks tells where)");
	}

      private:
	std::string name_;
	unsigned depth_ = 0;
};

CATCH_REGISTER_LISTENER(Catch2Listener)

} // namespace alloctrace

#endif

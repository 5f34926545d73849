# tests/errors/ - programs that free wrongly, for tests/errors.tap.
ERRORS_TRACED = tests/errors/wrong
check_DATA += $(ERRORS_TRACED)
CLEANFILES += $(ERRORS_TRACED)
$(ERRORS_TRACED): tests/errors/%: tests/errors/%.cc
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) $(TEST_CXXFLAGS) -pthread -o $@ $<

TESTS += tests/errors.tap
EXTRA_DIST += tests/errors.tap tests/errors/own.cc $(ERRORS_TRACED:%=%.cc)

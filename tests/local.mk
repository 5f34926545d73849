# tests/ - what `make check` runs beside the unit tests that each folder adds to TESTS itself.
#
# Plain test programs count as one test each; NAME.tap is a script that prints TAP. They run in
# parallel, each in its own temporary folder. tests/README.md tells how to add one.
TEST_EXTENSIONS = .tap
TAP_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	export top_srcdir top_builddir; PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;

TAP_TESTS = tests/invariants.tap tests/layering.tap
TESTS += $(TAP_TESTS)
EXTRA_DIST += $(TAP_TESTS) tests/README.md tests/harness.py

# The traced programs and the preloaded helpers are built by the plain rules below, not as
# automake programs: none of them may get the sanitizers or the flags of the tool.
TEST_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -Wno-missing-prototypes -O2 -g -fno-builtin
TEST_PRELOADS = tests/counter.so tests/bump.so

check_DATA += $(TEST_PRELOADS)
CLEANFILES += $(TEST_PRELOADS)
EXTRA_DIST += tests/counter.c tests/bump.c

tests/%.so: tests/%.c wire/roles.def
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) -I$(top_srcdir) $(TEST_CFLAGS) -fexceptions \
		-fvisibility=hidden -fPIC -shared -o $@ $< -ldl

# `make distcheck` is where a test that writes into the source tree fails: that is read-only then.
AM_DISTCHECK_CONFIGURE_FLAGS = --enable-werror

# What .ci/run runs again with ASan and UBSan: the unit tests and what needs only the tool.
.PHONY: print-sanitizer-tests
print-sanitizer-tests:
	@echo $(filter-out $(UNSANITIZED_TESTS),$(TESTS))
UNSANITIZED_TESTS = tests/invariants.tap tests/layering.tap

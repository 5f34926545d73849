# tests/ - what `make check` runs beside the unit tests that each folder adds to TESTS itself.
#
# Plain test programs count as one test each; NAME.tap is a script that prints TAP. They run in
# parallel, each in its own temporary folder. tests/README.md tells how to add one.
TEST_EXTENSIONS = .tap
TAP_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	export top_srcdir top_builddir; PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;

TAP_TESTS = tests/invariants.tap tests/layering.tap tests/unwind.tap tests/programs-calls.tap \
	tests/programs-life.tap tests/programs-processes.tap tests/programs-threads.tap tests/header.tap tests/sanitized-programs.tap \
	tests/kill.tap tests/preload.tap tests/real-glibc.tap tests/real-jemalloc.tap tests/real-mimalloc.tap tests/real-tcmalloc.tap \
	tests/real-scudo.tap tests/real-tbbmalloc.tap tests/real-mallocx.tap tests/real-browser.tap tests/wrong.tap tests/right.tap tests/cross.tap \
	tests/own-families.tap tests/crash.tap tests/hidden.tap tests/whole-api.tap \
	tests/leak-points.tap
TESTS += $(TAP_TESTS)
EXTRA_DIST += $(TAP_TESTS) tests/README.md tests/mallocx-counter.c tests/archives.py tests/harness.py tests/ld_debug.py tests/expectations.py \
	tests/programs/hidden-host.cc tests/programs/hidden-plugin.c \
	tests/programs.py tests/real_programs.py tests/traceview.py \
	tests/programs/rust-threads.rs tests/programs/rust-allocator.rs tests/programs/cross-host.c tests/programs/cross-side.c \
	tests/programs/cross-side.h tests/programs/cross-standin.c tests/programs/cross-exports.map tests/programs/split.c

check_PROGRAMS += tests/trace-text tests/unwind-coverage
tests_unwind_coverage_SOURCES = tests/unwind-coverage.c lib/cfi.c lib/cfi_expression.c
tests_trace_text_SOURCES = tests/trace-text.c
tests_trace_text_LDADD = $(TRACE_LIBS)

# The traced programs and the preloaded helpers are built by the plain rules below, not as
# automake programs: none of them may get the sanitizers or the flags of the tool.
TEST_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -Wno-missing-prototypes -O2 -g -fno-builtin
TEST_CXXFLAGS = -std=gnu++17 $(WARN_CXXFLAGS) -O2 -g -fno-builtin
TEST_PRELOADS = tests/counter.so tests/bump.so tests/swept.so tests/slow-symbols.so tests/early-signal.so
TEST_PLUGINS = tests/programs/plugin-c.so tests/programs/plugin-past.so tests/programs/plugin-pool.so tests/programs/plugin-cxx.so
TRACED_C = api-texts cancel clone constructors coroutines crashing daemon descriptors dlopen-loop \
	drop-privileges ends entry-points errno exec-chain failing-calls fork fork-first fork-threads handoff \
	exec-race header hungry leak-ends left-runtime longjmp looked-up misaligned namespaces own-inner own-families own-malloc past-hooks progress quick-exit realloc-edges realloc-race recursion reload restricted right-churn same-place shrunk-stack signal-anywhere signal-glibc signal-storm \
	spawn stacks threads whole-api wrong-child wrong-past
TRACED_CXX = destructors exceptions left-hooks operators operators-looked-up own-heap throwing-handler wrong-forms wrong-places
# The same program and library with operators new and delete of different kinds (right.tap).
RIGHT_OPERATORS = $(addprefix tests/programs/right-operators-,plain new delete all inlined static)
RIGHT_SHARED = $(patsubst %,tests/programs/right-library-%.so,plain tracked symbolic hidden static)
STEPPED = tests/programs/single-step tests/programs/single-step-ibt
TRACED = $(TRACED_C:%=tests/programs/%) $(TRACED_CXX:%=tests/programs/%)

BUILT_FOR_TESTS = $(TEST_PRELOADS) $(TEST_PLUGINS) $(TRACED) $(STEPPED) $(RIGHT_OPERATORS) $(RIGHT_SHARED) tests/programs/header-cxx tests/programs/segments-apart tests/unwind-compare.so
check_DATA += $(BUILT_FOR_TESTS)
CLEANFILES += $(BUILT_FOR_TESTS) tests/mimalloc.a
EXTRA_DIST += tests/counter.c tests/bump.c tests/swept.c tests/slow-symbols.c tests/early-signal.c tests/unwind-compare.c \
	tests/programs/single-step.cc tests/programs/expect.h tests/programs/own-stack.h tests/programs/plugin-c.c \
	tests/programs/plugin-cxx.cc tests/programs/plugin-past.c tests/programs/plugin-pool.c $(TRACED_C:%=tests/programs/%.c) \
	$(TRACED_CXX:%=tests/programs/%.cc) tests/programs/right-operators.cc \
	tests/programs/right-library.cc tests/programs/own-operators.h tests/programs/other-stack.h \
	tests/programs/right-library.map

TEST_SO_FLAGS = -I$(top_srcdir) -fPIC -shared
$(TEST_PRELOADS): tests/%.so: tests/%.c wire/roles.def
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(TEST_CFLAGS) $(TEST_SO_FLAGS) -fexceptions \
		-fvisibility=hidden -o $@ $< -ldl
# The runtime's unwinder, built as the runtime is, without the rest of it.
UNWIND_FILES = tests/unwind-compare.c lib/stack.c lib/unwind.c lib/unwind_full.c lib/cfi.c \
	lib/cfi_expression.c lib/elf_symbols.c lib/load_order.c lib/modules.c lib/regions.c lib/sys.c lib/lock.c
tests/unwind-compare.so: $(UNWIND_FILES)
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) -D_GNU_SOURCE $(TEST_CFLAGS) $(TEST_SO_FLAGS) \
		-fno-omit-frame-pointer -fno-optimize-sibling-calls -fvisibility=hidden -Wl,-z,defs \
		-o $@ $^ -ldl
tests/programs/header tests/programs/header-cxx tests/programs/right-churn tests/programs/wrong-places: lib/alloctrace.h
tests/programs/header-cxx: tests/programs/header.c tests/programs/expect.h
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) $(TEST_CXXFLAGS) -x c++ -pthread -o $@ $<
# Lazy binding, to step through the stubs; with and without endbr64 in them.
tests/programs/single-step: tests/programs/single-step.cc tests/programs/expect.h
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) $(TEST_CXXFLAGS) -Wl,-z,lazy -o $@ $<
tests/programs/single-step-ibt: tests/programs/single-step.cc tests/programs/expect.h
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) $(TEST_CXXFLAGS) -fcf-protection=full \
		-Wl,-z,lazy,-z,ibtplt -o $@ $<
tests/programs/segments-apart: tests/programs/recursion.c tests/programs/expect.h
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(TEST_CFLAGS) -no-pie -fno-pie \
		-Wl,-z,max-page-size=0x200000,-z,separate-code -o $@ $<
OWN_OPERATORS = -DOWN_NEW -DOWN_DELETE
STATIC_CXX = -static-libstdc++ -static-libgcc
HIDE_ALL = -Wl,--version-script=$(top_srcdir)/tests/programs/right-library.map
tests/programs/right-operators-new: RIGHT_FLAGS = -DOWN_NEW
tests/programs/right-operators-delete: RIGHT_FLAGS = -DOWN_DELETE
tests/programs/right-operators-all: RIGHT_FLAGS = $(OWN_OPERATORS) -O0
tests/programs/right-operators-inlined: RIGHT_FLAGS = -DOWN_NEW -flto=auto
tests/programs/right-operators-static: RIGHT_FLAGS = $(OWN_OPERATORS) $(STATIC_CXX)
tests/programs/right-library-tracked.so: RIGHT_FLAGS = $(OWN_OPERATORS) -DOWN_TRACKED
tests/programs/right-library-symbolic.so: RIGHT_FLAGS = $(OWN_OPERATORS) -Wl,-Bsymbolic
tests/programs/right-library-hidden.so: RIGHT_FLAGS = $(OWN_OPERATORS) $(HIDE_ALL)
tests/programs/right-library-static.so: RIGHT_FLAGS = $(STATIC_CXX) $(HIDE_ALL)
$(RIGHT_OPERATORS): tests/programs/right-operators.cc tests/programs/own-operators.h tests/programs/other-stack.h \
		tests/programs/expect.h
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) $(TEST_CXXFLAGS) -Wno-mismatched-new-delete $(RIGHT_FLAGS) \
		-pthread -o $@ $< -ldl
$(RIGHT_SHARED): tests/programs/right-library.cc tests/programs/own-operators.h tests/programs/right-library.map
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) $(TEST_CXXFLAGS) -Wno-mismatched-new-delete $(TEST_SO_FLAGS) \
		$(RIGHT_FLAGS) -o $@ $<
tests/programs/plugin-c.so tests/programs/plugin-past.so tests/programs/plugin-pool.so: tests/programs/%.so: tests/programs/%.c tests/programs/expect.h
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(TEST_CFLAGS) $(TEST_SO_FLAGS) -o $@ $<
tests/programs/plugin-cxx.so: tests/programs/plugin-cxx.cc tests/programs/expect.h
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) $(TEST_CXXFLAGS) $(TEST_SO_FLAGS) -o $@ $<
$(TRACED_C:%=tests/programs/%): tests/programs/%: tests/programs/%.c tests/programs/expect.h
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(TEST_CFLAGS) -pthread -o $@ $< -ldl
$(TRACED_CXX:%=tests/programs/%): tests/programs/%: tests/programs/%.cc tests/programs/expect.h \
		tests/programs/own-stack.h
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) $(TEST_CXXFLAGS) -pthread -o $@ $<

# `make distcheck` is where a test that writes into the source tree fails: that is read-only then.
AM_DISTCHECK_CONFIGURE_FLAGS = --enable-werror

# What .ci/run runs again with ASan and UBSan: the unit tests and what needs only the tool.
.PHONY: print-sanitizer-tests
print-sanitizer-tests:
	@echo $(filter-out $(UNSANITIZED_TESTS),$(TESTS))
# The real programs run with an allocator preloaded, into the tool as well, where ASan is one.
UNSANITIZED_TESTS = tests/inline-allocators.tap tests/invariants.tap tests/layering.tap tests/unwind.tap \
	tests/real-glibc.tap tests/real-jemalloc.tap tests/real-mimalloc.tap \
	tests/real-scudo.tap tests/real-tbbmalloc.tap tests/real-tcmalloc.tap tests/wrong.tap tests/right.tap tests/preload.tap tests/whole-api.tap \
	tests/cross.tap tests/crash.tap tests/hidden.tap tests/real-files.tap tests/leaks-compare.tap tests/leaks-real.tap

# What .ci/run has `make distcheck` run of the tests: with all of them, which have run from the checkout by then, CI
# would take a quarter more time. A release gets the whole one.
.PHONY: print-distcheck-tests
print-distcheck-tests:
	@echo $(filter-out $(LONG_TESTS),$(TESTS))
LONG_TESTS = $(filter tests/real-% tests/programs-% tests/link-%,$(TESTS)) tests/wrong.tap tests/right.tap tests/cross.tap \
	tests/crash.tap tests/hidden.tap tests/preload.tap tests/whole-api.tap tests/own-families.tap tests/kill.tap \
	tests/unwind.tap tests/symbol.tap tests/symbols-live.tap tests/symbols-hostile.tap tests/static-tls.tap \
	tests/diagnosis.tap tests/sanitized-programs.tap tests/collect/stress-tsan.tap $(LEAKS_TAP)

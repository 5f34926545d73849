# tests/leaks/ - programs that lose blocks, for tests/leaks*.tap; expected.py says what. The Rust ones are
# built by the test, where there is a rustc.
LEAKS_C = ends heaps hello kinds libc roots
LEAKS_CXX = holders hello-cxx
LEAKS_TRACED = $(LEAKS_C:%=tests/leaks/%) $(LEAKS_CXX:%=tests/leaks/%)
# Tail calls would take the functions out of the stacks that name the blocks.
LEAKS_FLAGS = -fno-optimize-sibling-calls -pthread
check_DATA += $(LEAKS_TRACED) tests/leaks/library.so
CLEANFILES += $(LEAKS_TRACED) tests/leaks/library.so
$(LEAKS_C:%=tests/leaks/%): tests/leaks/%: tests/leaks/%.c tests/leaks/leaks.h
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(TEST_CFLAGS) $(LEAKS_FLAGS) -o $@ $< -ldl
tests/leaks/library.so: tests/leaks/library.c
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(TEST_CFLAGS) $(TEST_SO_FLAGS) -o $@ $<
tests/leaks/holders: tests/leaks/holders.cc tests/leaks/leaks.h
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) $(TEST_CXXFLAGS) $(LEAKS_FLAGS) -o $@ $<
tests/leaks/hello-cxx: tests/leaks/hello.cc
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) $(TEST_CXXFLAGS) -o $@ $<

LEAKS_TAP = tests/leaks.tap tests/leaks-compare.tap tests/leaks-real.tap
TESTS += $(LEAKS_TAP)
EXTRA_DIST += $(LEAKS_TAP) tests/leak_peers.py tests/leakview.py tests/leaks/expected.py tests/leaks/differences.py tests/leaks/leaks.h \
	$(LEAKS_C:%=tests/leaks/%.c) tests/leaks/holders.cc tests/leaks/hello.cc tests/leaks/hello.rs \
	tests/leaks/hidden-heap.c tests/leaks/library.c tests/leaks/rust.rs

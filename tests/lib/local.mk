# tests/lib/ - parts of the runtime without the rest of it.
STRESS_TSAN_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -O1 -g -fsanitize=thread -Wno-tsan
LIB_STRESS = tests/lib/stress.c tests/trace/check.h lib/blocks.c lib/intern.c lib/lock.c lib/slab.c lib/sys.c
check_PROGRAMS += tests/lib/test_blocks tests/lib/stress tests/lib/stress-tsan
tests_lib_test_blocks_SOURCES = tests/lib/test_blocks.c tests/trace/check.h lib/blocks.c lib/lock.c \
	lib/slab.c lib/sys.c
tests_lib_stress_SOURCES = $(LIB_STRESS)
tests_lib_stress_tsan_SOURCES = $(LIB_STRESS)
tests_lib_stress_tsan_CFLAGS = $(STRESS_TSAN_CFLAGS)
tests_lib_stress_tsan_LDFLAGS = -fsanitize=thread
TESTS += tests/lib/test_blocks tests/lib/stress tests/lib/stress-tsan.tap
EXTRA_DIST += tests/lib/stress-tsan.tap tests/tsan.sh

# Inline hooks, planned and applied in one process. The frames of hooks are counted.
INLINE_LIBRARY = tests/lib/inline-library.c tests/lib/inline-library.h lib/inline_patch.c lib/sys.c
INLINE_CFLAGS = $(AM_CFLAGS) -fno-optimize-sibling-calls
check_PROGRAMS += tests/lib/inline-patch tests/lib/inline-allocator
tests_lib_inline_patch_SOURCES = tests/lib/inline-patch.c $(INLINE_LIBRARY)
tests_lib_inline_patch_CFLAGS = $(INLINE_CFLAGS)
tests_lib_inline_patch_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
tests_lib_inline_patch_LDADD = $(HOOK_PLAN_LIBS) -ldl -lpthread
tests_lib_inline_allocator_SOURCES = tests/lib/inline-allocator.c $(INLINE_LIBRARY)
tests_lib_inline_allocator_CFLAGS = $(INLINE_CFLAGS)
tests_lib_inline_allocator_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
tests_lib_inline_allocator_LDADD = $(HOOK_PLAN_LIBS) -ldl
check_DATA += tests/lib/inline-shapes.so
CLEANFILES += tests/lib/inline-shapes.so
tests/lib/inline-shapes.so: tests/lib/inline-shapes.S
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) -shared -nostdlib -Wl,-z,defs,-Bsymbolic -o $@ $<
TESTS += tests/inline.tap tests/inline-allocators.tap
EXTRA_DIST += tests/inline.tap tests/inline-allocators.tap tests/lib/inline-shapes.S

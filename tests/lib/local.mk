# tests/lib/ - parts of the runtime without the rest of it.
STRESS_TSAN_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -O1 -g -fsanitize=thread -Wno-tsan
LIB_STRESS = tests/lib/stress.c tests/trace/check.h lib/blocks.c lib/intern.c lib/lock.c lib/slab.c lib/sys.c
check_PROGRAMS += tests/lib/stress tests/lib/stress-tsan
tests_lib_stress_SOURCES = $(LIB_STRESS)
tests_lib_stress_tsan_SOURCES = $(LIB_STRESS)
tests_lib_stress_tsan_CFLAGS = $(STRESS_TSAN_CFLAGS)
tests_lib_stress_tsan_LDFLAGS = -fsanitize=thread
TESTS += tests/lib/stress tests/lib/stress-tsan.tap
EXTRA_DIST += tests/lib/stress-tsan.tap tests/tsan.sh

# tests/collect/ - tests of collect/ and of `alloctrace run`.
COLLECT_TESTS = tests/collect/protocol tests/collect/stress tests/collect/overwrite \
	tests/collect/watching
check_PROGRAMS += $(COLLECT_TESTS) tests/collect/check-trace
TESTS += $(COLLECT_TESTS) tests/run.tap
EXTRA_DIST += tests/run.tap tests/collect/inherit.c tests/collect/obey.c

COLLECT_RIG = tests/collect/fake_writer.c tests/collect/fake_writer.h \
	tests/collect/producer.c tests/collect/producer.h tests/collect/rig.h tests/trace/check.h
COLLECT_RIG_LIBS = collect/libcollect.a util/libutil.a
tests_collect_protocol_SOURCES = tests/collect/protocol.c $(COLLECT_RIG)
tests_collect_protocol_LDADD = $(COLLECT_RIG_LIBS)
tests_collect_stress_SOURCES = tests/collect/stress.c $(COLLECT_RIG)
tests_collect_stress_LDADD = $(COLLECT_RIG_LIBS)
tests_collect_overwrite_SOURCES = tests/collect/overwrite.c $(COLLECT_RIG)
tests_collect_overwrite_LDADD = $(COLLECT_RIG_LIBS)
tests_collect_watching_SOURCES = tests/collect/watching.c $(COLLECT_RIG)
tests_collect_watching_LDADD = $(COLLECT_RIG_LIBS)

tests_collect_check_trace_SOURCES = tests/collect/check-trace.c
tests_collect_check_trace_LDADD = $(TRACE_LIBS)

# Traced programs, as those of tests/programs/.
COLLECT_TRACED = tests/collect/inherit tests/collect/obey
check_DATA += $(COLLECT_TRACED)
CLEANFILES += $(COLLECT_TRACED)
$(COLLECT_TRACED): tests/collect/%: tests/collect/%.c
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(TEST_CFLAGS) -D_GNU_SOURCE -o $@ $<

# The same under the thread sanitizer, with all of collect/ that both sides touch.
check_PROGRAMS += tests/collect/stress-tsan
tests_collect_stress_tsan_SOURCES = tests/collect/stress.c $(COLLECT_RIG) \
	collect/clock.c collect/code_tables.c collect/loaded.c collect/collector.c collect/drain.c \
	collect/crash_log.c collect/finding_log.c collect/allocator_names.c collect/held_variables.c \
	collect/order.c collect/proc_files.c collect/processes.c collect/session_memory.c collect/slots.c \
	collect/thread_name.c util/err.c util/mem.c util/strbuf.c
tests_collect_stress_tsan_CFLAGS = $(STRESS_TSAN_CFLAGS)
tests_collect_stress_tsan_LDFLAGS = -fsanitize=thread
TESTS += tests/collect/stress-tsan.tap
EXTRA_DIST += tests/collect/stress-tsan.tap

# tests/inject/ - tests of inject/: processes that are stopped, and looked at.
INJECT_TESTS = tests/inject/stopping tests/inject/copying
check_PROGRAMS += $(INJECT_TESTS)
TESTS += $(INJECT_TESTS)

tests_inject_stopping_SOURCES = tests/inject/stopping.c tests/inject/target.h
tests_inject_stopping_LDADD = inject/libinject.a util/libutil.a
tests_inject_copying_SOURCES = tests/inject/copying.c tests/inject/target.h
tests_inject_copying_LDADD = inject/libinject.a util/libutil.a

# The process and the tool in one program.
check_PROGRAMS += tests/collect/serving
TESTS += tests/collect/serving
tests_collect_serving_SOURCES = tests/collect/serving.c tests/inject/target.h lib/serve.c lib/serve_stop.c lib/sys.c
tests_collect_serving_LDADD = collect/libcollect.a util/libutil.a

check_PROGRAMS += tests/inject/stop-often
tests_inject_stop_often_SOURCES = tests/inject/stop-often.c
tests_inject_stop_often_LDADD = inject/libinject.a util/libutil.a
# Traced programs: none of them may get the sanitizers of the tool.
INJECT_TRACED = tests/inject/under-tracer tests/inject/filtered
check_DATA += $(INJECT_TRACED)
CLEANFILES += $(INJECT_TRACED)
EXTRA_DIST += $(INJECT_TRACED:%=%.c)
$(INJECT_TRACED): tests/inject/%: tests/inject/%.c
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(TEST_CFLAGS) -D_GNU_SOURCE -o $@ $<
TESTS += tests/leak-inside.tap
EXTRA_DIST += tests/leak-inside.tap

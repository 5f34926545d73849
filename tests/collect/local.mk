# tests/collect/ - tests of collect/ and of `alloctrace run`.
COLLECT_TESTS = tests/collect/protocol tests/collect/stress tests/collect/damage
check_PROGRAMS += $(COLLECT_TESTS) tests/collect/verify
TESTS += $(COLLECT_TESTS) tests/run.tap
EXTRA_DIST += tests/run.tap tests/collect/inherit.c tests/collect/obey.c

COLLECT_RIG = tests/collect/fake_writer.c tests/collect/fake_writer.h \
	tests/collect/producer.c tests/collect/producer.h tests/collect/rig.h tests/trace/check.h
COLLECT_RIG_LIBS = collect/libcollect.a util/libutil.a
tests_collect_protocol_SOURCES = tests/collect/protocol.c $(COLLECT_RIG)
tests_collect_protocol_LDADD = $(COLLECT_RIG_LIBS)
tests_collect_stress_SOURCES = tests/collect/stress.c $(COLLECT_RIG)
tests_collect_stress_LDADD = $(COLLECT_RIG_LIBS)
tests_collect_damage_SOURCES = tests/collect/damage.c $(COLLECT_RIG)
tests_collect_damage_LDADD = $(COLLECT_RIG_LIBS)

tests_collect_verify_SOURCES = tests/collect/verify.c
tests_collect_verify_LDADD = $(TRACE_LIBS)

# Traced programs, as those of tests/programs/.
COLLECT_TRACED = tests/collect/inherit tests/collect/obey
check_DATA += $(COLLECT_TRACED)
CLEANFILES += $(COLLECT_TRACED)
$(COLLECT_TRACED): tests/collect/%: tests/collect/%.c
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(TEST_CFLAGS) -D_GNU_SOURCE -o $@ $<

# tests/collect/ - tests of collect/ and of `alloctrace run`.
COLLECT_TESTS = tests/collect/protocol tests/collect/stress tests/collect/damage
check_PROGRAMS += $(COLLECT_TESTS) tests/collect/verify
TESTS += $(COLLECT_TESTS)

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

# tests/trace/ - unit tests of the trace file.
TRACE_TESTS = tests/trace/roundtrip tests/trace/damage tests/trace/mustfail \
	tests/trace/writefile tests/trace/golden
check_PROGRAMS += $(TRACE_TESTS)
TESTS += $(TRACE_TESTS)

TRACE_TEST_STREAM = tests/trace/check.h tests/trace/stream.c tests/trace/stream.h
TRACE_TEST_SURGERY = tests/trace/surgery.c tests/trace/surgery.h

tests_trace_roundtrip_SOURCES = tests/trace/roundtrip.c $(TRACE_TEST_STREAM)
tests_trace_roundtrip_LDADD = $(TRACE_LIBS)
tests_trace_damage_SOURCES = tests/trace/damage.c $(TRACE_TEST_STREAM) $(TRACE_TEST_SURGERY)
tests_trace_damage_LDADD = $(TRACE_LIBS)
tests_trace_mustfail_SOURCES = tests/trace/mustfail.c $(TRACE_TEST_STREAM) $(TRACE_TEST_SURGERY)
tests_trace_mustfail_LDADD = $(TRACE_LIBS)
tests_trace_writefile_SOURCES = tests/trace/writefile.c $(TRACE_TEST_STREAM) $(TRACE_TEST_SURGERY)
tests_trace_writefile_LDADD = $(TRACE_LIBS)
tests_trace_golden_SOURCES = tests/trace/golden.c $(TRACE_TEST_STREAM) $(TRACE_TEST_SURGERY)
tests_trace_golden_LDADD = $(TRACE_LIBS)
EXTRA_DIST += tests/trace/golden-v1.hex tests/trace/golden-v1.txt tests/trace/example-v1.txt \
	tests/trace/loop-v1.hex tests/trace/loop-v1.txt \
	tests/trace/instances-v1.hex tests/trace/instances-v1.txt \
	tests/trace/findings-v1.hex tests/trace/findings-v1.txt \
	tests/trace/crashes-v1.hex tests/trace/crashes-v1.txt \
	tests/trace/leaks-v1.hex tests/trace/leaks-v1.txt \
	tests/trace/whys-v1.hex tests/trace/whys-v1.txt \
	tests/trace/allocators-v1.hex tests/trace/allocators-v1.txt \
	tests/trace/hooks-v1.hex tests/trace/hooks-v1.txt

TESTS += tests/trace-spec.tap
EXTRA_DIST += tests/trace-spec.tap

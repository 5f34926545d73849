# tests/trace/ - unit tests of the trace file.
TRACE_TESTS = tests/trace/roundtrip
check_PROGRAMS += $(TRACE_TESTS)
TESTS += $(TRACE_TESTS)

tests_trace_roundtrip_SOURCES = tests/trace/roundtrip.c $(TRACE_TEST_STREAM)
tests_trace_roundtrip_LDADD = $(TRACE_LIBS)

TRACE_TEST_STREAM = tests/trace/check.h tests/trace/stream.c tests/trace/stream.h

# tests/growth/ - traces and a program for growth.tap.
check_PROGRAMS += tests/growth/growth_trace tests/growth/growth_server
tests_growth_growth_trace_SOURCES = tests/growth/growth_trace.c \
	tests/analysis/growth_shapes.c tests/analysis/growth_shapes.h
tests_growth_growth_trace_LDADD = $(TRACE_LIBS)
tests_growth_growth_server_SOURCES = tests/growth/growth_server.c
tests_growth_growth_server_CFLAGS = $(AM_CFLAGS) -O1 -g -fno-sanitize=all

TESTS += tests/growth.tap
EXTRA_DIST += tests/growth.tap

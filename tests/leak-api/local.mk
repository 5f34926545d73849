# tests/leak-api/ - a program for leak-api.tap.
check_PROGRAMS += tests/leak-api/leak_api
tests_leak_api_leak_api_SOURCES = tests/leak-api/leak_api.c
tests_leak_api_leak_api_CFLAGS = $(AM_CFLAGS) -O1 -g -fno-sanitize=all
tests_leak_api_leak_api_LDFLAGS = -pthread
TESTS += tests/leak-api.tap
EXTRA_DIST += tests/leak-api.tap
TESTS += tests/listeners.tap
EXTRA_DIST += tests/listeners.tap $(addprefix tests/listeners/, leaky.h with-gtest.cc with-catch2.cc with-check.c with-cmocka.c)

# tests/leaks/ - the traces and expected texts of `alloctrace leaks`.
check_PROGRAMS += tests/leaks/leaks-sample
tests_leaks_leaks_sample_SOURCES = tests/leaks/leaks-sample.c tests/trace/check.h
tests_leaks_leaks_sample_LDADD = $(TRACE_LIBS)
TESTS += tests/leaks-report.tap
EXTRA_DIST += tests/leaks-report.tap $(LEAKS_GOLDENS)
LEAKS_GOLDENS = $(addprefix tests/leaks/, all.txt by-allocator.txt by-function.txt by-module.txt by-process.txt by-thread.txt clean.txt \
	color.txt each.txt failed.txt full.txt hostile-long.txt hostile.txt json-by.txt json-tree.txt json.txt limit.txt lsan.txt \
	none-json.txt none.txt nopoint.txt valgrind.txt)

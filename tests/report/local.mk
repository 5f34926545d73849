# tests/report/ - the traces and expected texts for report, info and dump.
check_PROGRAMS += tests/report/sample
tests_report_sample_SOURCES = tests/report/sample.c \
	tests/analysis/test_stream.c tests/analysis/test_stream.h
tests_report_sample_LDADD = $(TRACE_LIBS)

check_PROGRAMS += tests/report/test_words
TESTS += tests/report/test_words tests/report.tap tests/report/test_suppressions
check_PROGRAMS += tests/report/test_suppressions
tests_report_test_suppressions_SOURCES = tests/report/test_suppressions.c tests/trace/check.h
tests_report_test_suppressions_LDADD = report/libreport.a analysis/libanalysis.a $(SYMBOL_LIBS) -lm
tests_report_test_words_SOURCES = tests/report/test_words.c
tests_report_test_words_LDADD = report/libreport.a analysis/libanalysis.a util/libutil.a
EXTRA_DIST += tests/report.tap $(REPORT_GOLDENS)
REPORT_GOLDENS = $(addprefix tests/report/, overview.txt summary.txt stacks-live.txt stacks-long.txt \
	functions-count.txt modules-total.txt threads.txt sizes.txt allocators.txt callers.txt \
	callees.txt filter-pool.txt filter-function.txt process.txt color.txt json.txt json-tree.txt \
	info.txt info-json.txt errors.txt errors-long.txt errors-json.txt verify.txt dump.txt dump-operators.txt dump-realloc.txt dump-stacks.txt dump-json.txt)

# Writes the expected texts anew: read the difference before you commit it.
.PHONY: update-goldens
update-goldens: all tests/report/sample
	top_srcdir=$(abs_top_srcdir) top_builddir=$(abs_top_builddir) \
		$(abs_top_srcdir)/tests/report.tap --update

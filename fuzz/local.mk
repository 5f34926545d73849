# fuzz/ - fuzz targets, their corpus, and its replay in `make check`; see fuzz/README.md.
FUZZ_TRACE = fuzz/trace.c $(TRACE_TEST_SURGERY) tests/trace/check.h

check_PROGRAMS += fuzz/trace-replay
TESTS += fuzz/trace-replay
fuzz_trace_replay_SOURCES = fuzz/run-corpus.c $(FUZZ_TRACE)
fuzz_trace_replay_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"fuzz/corpus/trace"'
fuzz_trace_replay_LDADD = $(TRACE_LIBS)

EXTRA_PROGRAMS += fuzz/trace-seeds
fuzz_trace_seeds_SOURCES = fuzz/trace-seeds.c $(TRACE_TEST_STREAM) $(TRACE_TEST_SURGERY)
fuzz_trace_seeds_LDADD = $(TRACE_LIBS)

FUZZ_CC = clang
CLEANFILES += fuzz/trace-fuzzer fuzz/trace-seeds
fuzz/trace-fuzzer: fuzz/trace.c tests/trace/surgery.c $(trace_libtrace_a_SOURCES) \
		$(util_libutil_a_SOURCES)
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(FUZZ_CC) -std=gnu11 -g -O1 \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		$(AM_CPPFLAGS) -I. $(DEFLATE_CFLAGS) $(ZLIB_CFLAGS) -o $@ $(filter %.c,$^) \
		$(DEFLATE_LIBS) $(ZLIB_LIBS)

EXTRA_DIST += fuzz/README.md fuzz/corpus

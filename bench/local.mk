# bench/ - programs and runner of the benchmark; see bench/README.md.
EXTRA_DIST += bench/README.md bench/RESULTS.md bench/run bench/symbols bench/leaks bench/leak-server.c bench/measure.py bench/table.py bench/workloads.py \
	bench/alloc-bench.c bench/containers-bench.cc bench/null.c
BENCH_BUILT = bench/alloc-bench bench/containers-bench bench/null.so
CLEANFILES += $(BENCH_BUILT)

.PHONY: bench bench-programs
bench-programs: $(BENCH_BUILT)
bench: bench-programs
	BUILD='$(abs_top_builddir)' $(top_srcdir)/bench/run

bench/alloc-bench: bench/alloc-bench.c
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) -std=gnu11 $(WARN_CFLAGS) -O2 -g -fno-builtin \
		-pthread -o $@ $<
bench/containers-bench: bench/containers-bench.cc
	$(AM_V_CXXLD)$(MKDIR_P) $(@D) && $(CXX) -std=gnu++17 $(WARN_CXXFLAGS) -O2 -g -o $@ $<
bench/null.so: bench/null.c
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) -std=gnu11 $(WARN_CFLAGS) -Wno-missing-prototypes \
		-O2 -g -fno-builtin -fvisibility=hidden -fPIC -shared -o $@ $< -ldl

# The trace codec on synthetic streams, or on the events of given traces.
noinst_PROGRAMS += bench/codec
bench_codec_SOURCES = bench/codec.c tests/trace/check.h
bench_codec_LDADD = $(TRACE_LIBS)

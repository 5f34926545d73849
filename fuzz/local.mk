# fuzz/ - fuzz targets, their corpus, and its replay in `make check`; see fuzz/README.md.
FUZZ_TRACE = fuzz/trace.c $(TRACE_TEST_SURGERY) tests/trace/check.h
FUZZ_FILE = fuzz/file.c fuzz/file.h tests/trace/check.h
FUZZ_REPLAY = fuzz/run-corpus.c $(TRACE_TEST_SURGERY)

FUZZ_FILE_REPLAYS = fuzz/link-replay fuzz/elf-replay fuzz/archive-replay fuzz/pe-replay fuzz/mach-o-replay
check_PROGRAMS += fuzz/trace-replay $(FUZZ_FILE_REPLAYS)
TESTS += fuzz/trace-replay $(FUZZ_FILE_REPLAYS)
fuzz_trace_replay_SOURCES = fuzz/run-corpus.c $(FUZZ_TRACE)
fuzz_trace_replay_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"fuzz/corpus/trace"' -DFUZZ_CHANGED=0
fuzz_trace_replay_LDADD = $(TRACE_LIBS)

# The readers of files: also inputs that are changed, the same ones in every run.
fuzz_elf_replay_SOURCES = fuzz/elf.c $(FUZZ_FILE) $(FUZZ_REPLAY)
fuzz_elf_replay_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS) -DFUZZ_CORPUS='"fuzz/corpus/elf"' -DFUZZ_CHANGED=300
fuzz_elf_replay_LDADD = $(SYMBOL_LIBS)
fuzz_link_replay_SOURCES = fuzz/link.c $(FUZZ_FILE) $(FUZZ_REPLAY)
fuzz_link_replay_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS) -DFUZZ_CORPUS='"fuzz/corpus/elf"' -DFUZZ_CHANGED=60
fuzz_link_replay_LDADD = link/liblink.a inject/libinject.a $(SYMBOL_LIBS)
fuzz_archive_replay_SOURCES = fuzz/image.c $(FUZZ_FILE) $(FUZZ_REPLAY)
fuzz_archive_replay_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS) -DFUZZ_CORPUS='"fuzz/corpus/archive"' -DFUZZ_CHANGED=400
fuzz_archive_replay_LDADD = $(SYMBOL_LIBS)
fuzz_pe_replay_SOURCES = $(fuzz_archive_replay_SOURCES)
fuzz_pe_replay_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS) -DFUZZ_CORPUS='"fuzz/corpus/pe"' -DFUZZ_CHANGED=400
fuzz_pe_replay_LDADD = $(SYMBOL_LIBS)
fuzz_mach_o_replay_SOURCES = $(fuzz_archive_replay_SOURCES)
fuzz_mach_o_replay_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS) -DFUZZ_CORPUS='"fuzz/corpus/mach-o"' -DFUZZ_CHANGED=400
fuzz_mach_o_replay_LDADD = $(SYMBOL_LIBS)

check_PROGRAMS += fuzz/scan-replay
TESTS += fuzz/scan-replay
fuzz_scan_replay_SOURCES = fuzz/scan.c $(FUZZ_REPLAY)
fuzz_scan_replay_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"fuzz/corpus/scan"' -DFUZZ_CHANGED=100
fuzz_scan_replay_LDADD = scan/libscan.a $(TRACE_LIBS)

EXTRA_PROGRAMS += fuzz/trace-seeds fuzz/scan-seeds
fuzz_scan_seeds_SOURCES = fuzz/scan-seeds.c $(SCAN_TEST_WORLD)
fuzz_scan_seeds_LDADD = scan/libscan.a util/libutil.a
fuzz_trace_seeds_SOURCES = fuzz/trace-seeds.c $(TRACE_TEST_STREAM) $(TRACE_TEST_SURGERY)
fuzz_trace_seeds_LDADD = $(TRACE_LIBS)

# ---- with a fuzzer: `make fuzz` ----

FUZZ_CC = clang
FUZZ_SECONDS = 300
# 0: another one each time
FUZZ_SEED = 0
FUZZ_CFLAGS = -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_FLAGS = -max_total_time=$(FUZZ_SECONDS) -seed=$(FUZZ_SEED) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1
FUZZERS = fuzz/trace-fuzzer fuzz/scan-fuzzer fuzz/elf-fuzzer fuzz/link-fuzzer fuzz/image-fuzzer
CLEANFILES += $(FUZZERS) fuzz/trace-seeds fuzz/scan-seeds fuzz/fuzzed/*

fuzz/trace-fuzzer: fuzz/trace.c tests/trace/surgery.c $(trace_libtrace_a_SOURCES) \
		$(util_libutil_a_SOURCES)
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(FUZZ_CC) $(FUZZ_CFLAGS) \
		$(AM_CPPFLAGS) -I. $(DEFLATE_CFLAGS) $(ZLIB_CFLAGS) -o $@ $(filter %.c,$^) \
		$(DEFLATE_LIBS) $(ZLIB_LIBS)

fuzz/scan-fuzzer: fuzz/scan.c $(scan_libscan_a_SOURCES) $(util_libutil_a_SOURCES)
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(FUZZ_CC) $(FUZZ_CFLAGS) $(AM_CPPFLAGS) -I. -o $@ $(filter %.c,$^)

# The libraries of the tool, compiled for the fuzzer.
FUZZED_FROM = $(link_liblink_a_SOURCES) $(inject_libinject_a_SOURCES) $(symbol_libsymbol_a_SOURCES) $(elf_libelffile_a_SOURCES) $(trace_libtrace_a_SOURCES) \
	$(util_libutil_a_SOURCES)
FUZZED_CPPFLAGS = $(AM_CPPFLAGS) -I$(abs_top_srcdir) -I$(abs_top_builddir) $(ELF_CFLAGS) $(DW_CFLAGS) $(LZMA_CFLAGS) \
	$(DEFLATE_CFLAGS) $(ZLIB_CFLAGS)
fuzz/fuzzed/libfuzzed.a: $(FUZZED_FROM)
	$(AM_V_CC)rm -rf $(@D) && $(MKDIR_P) $(@D) && cd $(@D) && $(FUZZ_CC) $(FUZZ_CFLAGS:fuzzer%=fuzzer-no-link%) \
		$(FUZZED_CPPFLAGS) -c $(addprefix $(abs_top_srcdir)/,$(patsubst $(top_srcdir)/%,%,$(filter %.c,$^))) && \
		$(AR) cr libfuzzed.a *.o
fuzz/elf-fuzzer fuzz/link-fuzzer fuzz/image-fuzzer: fuzz/%-fuzzer: fuzz/%.c $(FUZZ_FILE) fuzz/fuzzed/libfuzzed.a
	$(AM_V_CCLD)$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZED_CPPFLAGS) -o $@ $(filter %.c,$^) fuzz/fuzzed/libfuzzed.a \
		$(filter-out %.a,$(SYMBOL_LIBS)) $(ZYDIS_LIBS)

# What is new goes into fuzz-new/TARGET of the build folder; the run ends at the first input that
# something is wrong with, which it leaves there.
.PHONY: fuzz
fuzz: $(FUZZERS)
	for target in trace scan elf link image; do \
		corpora=$(abs_top_srcdir)/fuzz/corpus/$$target; \
		test $$target != link || corpora=$(abs_top_srcdir)/fuzz/corpus/elf; \
		test $$target != image || corpora="$(abs_top_srcdir)/fuzz/corpus/archive \
			$(abs_top_srcdir)/fuzz/corpus/pe $(abs_top_srcdir)/fuzz/corpus/mach-o"; \
		$(MKDIR_P) fuzz-new/$$target && \
		fuzz/$$target-fuzzer $(FUZZ_FLAGS) -max_len=8192 -artifact_prefix=fuzz-new/$$target- \
			fuzz-new/$$target $$corpora || exit 1; \
	done

TESTS += tests/symbols-hostile.tap
EXTRA_DIST += tests/symbols-hostile.tap fuzz/README.md fuzz/corpus fuzz/file-seeds.py tests/tiny_files.py

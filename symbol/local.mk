# symbol/ - L3 from an address to functions, files and lines (only user of libdw and libiberty).
noinst_LIBRARIES += symbol/libsymbol.a
symbol_libsymbol_a_SOURCES = symbol/symbol.h symbol/symbolizer.c \
	symbol/code_module.c symbol/code_module.h \
	symbol/debug_image.c symbol/debug_image.h \
	symbol/debug_lookup.c symbol/debug_lookup.h \
	symbol/definitions.c symbol/definitions.h \
	symbol/demangle.c symbol/demangle.h \
	symbol/dwarf_index.c symbol/dwarf_index.h \
	symbol/dwarf_names.c symbol/dwarf_names.h \
	symbol/dwarf_unit.c symbol/dwarf_unit.h \
	symbol/survey.c symbol/survey.h \
	symbol/symbol_table.c symbol/symbol_table.h \
	symbol/mini_debug.c symbol/mini_debug.h \
	symbol/module_allocators.c symbol/module_allocators.h \
	symbol/module_files.c symbol/module_files.h \
	symbol/module_operators.c symbol/module_operators.h \
	symbol/evidence.c symbol/evidence.h symbol/evidence_texts.c symbol/evidence_texts.h \
	symbol/names.c symbol/names.h \
	symbol/perf_map.c symbol/perf_map.h \
	symbol/pool.c symbol/pool.h \
	symbol/range_map.c symbol/range_map.h
symbol_libsymbol_a_CPPFLAGS = $(AM_CPPFLAGS) $(DW_CFLAGS) $(ELF_CFLAGS) $(LZMA_CFLAGS)
# What a program that links libsymbol.a needs, in this order.
SYMBOL_LIBS = symbol/libsymbol.a elf/libelffile.a trace/libtrace.a util/libutil.a \
	$(DW_LIBS) $(ELF_LIBS) $(ZYDIS_LIBS) $(LZMA_LIBS) $(DEMANGLE_LIBS) $(DEFLATE_LIBS) $(ZLIB_LIBS) \
	-lpthread -ldl

noinst_PROGRAMS += bench/symbolise
bench_symbolise_SOURCES = bench/symbolise.c
bench_symbolise_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
bench_symbolise_LDADD = $(SYMBOL_LIBS)

check_PROGRAMS += tests/symbol/resolve tests/symbol/test_symbol
tests_symbol_resolve_SOURCES = tests/symbol/resolve.c
tests_symbol_resolve_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
tests_symbol_resolve_LDADD = $(SYMBOL_LIBS)
tests_symbol_test_symbol_SOURCES = tests/symbol/test_symbol.c
tests_symbol_test_symbol_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS) $(DW_CFLAGS)
tests_symbol_test_symbol_LDADD = $(SYMBOL_LIBS)
TESTS += tests/symbol/test_symbol tests/symbol.tap tests/symbol-damaged.tap
EXTRA_DIST += tests/symbol.tap tests/symbol-damaged.tap \
	tests/symbol/sample.c tests/symbol/sample.cc tests/symbol/sample_other.cc \
	tests/symbol/sample.rs

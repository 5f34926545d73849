# trace/ - L2 the trace file: format, writer, reader, verifier. Only user of zlib and libdeflate.
noinst_LIBRARIES += trace/libtrace.a
trace_libtrace_a_SOURCES = \
	trace/bytes.h trace/cursor.h trace/format.h trace/predict.h trace/trace.h \
	trace/deflate.c trace/deflate.h \
	trace/decode.c trace/reader.c trace/reader_state.h trace/reader_tables.c \
	trace/chunk_file.c trace/chunk_file.h \
	trace/parts.c trace/parts.h \
	trace/strings_out.c trace/strings_out.h \
	trace/embedded_symbols.c trace/embedded_symbols.h \
	trace/entry_tables.c trace/entry_tables.h \
	trace/read_leak_scan.c trace/write_leak_scan.c \
	trace/verify.c \
	trace/write_symbols.c trace/write_tables.c trace/writer.c trace/writer_state.h
trace_libtrace_a_CPPFLAGS = $(AM_CPPFLAGS) $(DEFLATE_CFLAGS) $(ZLIB_CFLAGS)

# What a program that uses the trace links with.
TRACE_LIBS = trace/libtrace.a util/libutil.a $(DEFLATE_LIBS) $(ZLIB_LIBS)

include $(top_srcdir)/tests/trace/local.mk

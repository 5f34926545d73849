# lib/ - L2 the runtime inside the traced process. Depends on libc and ld.so alone.
pkglib_LTLIBRARIES += lib/liballoctrace.la
lib_liballoctrace_la_SOURCES = \
	lib/alone.c lib/alone.h \
	lib/api.c \
	lib/cfi.c lib/cfi.h lib/cfi_expression.c lib/cfi_reader.h \
	lib/crash.c lib/crash.h lib/crash_look.c \
	lib/serve.c lib/serve.h lib/serve_stop.c lib/serve_stop.h \
	lib/doubt.c lib/doubt.h \
	lib/elf_symbols.c lib/elf_symbols.h \
	lib/environment.c lib/environment.h \
	lib/freestanding.c lib/function_frame.h lib/inner_heaps.c lib/inner_heaps.h \
	lib/hooks_inline.c lib/hooks_inline.h lib/hooks_limits.c lib/hooks_malloc.c \
	lib/hooks_map.c lib/hooks_map.h lib/hooks_new.c lib/hooks_signal.c lib/hooks_symbol.c \
	lib/inline_patch.c lib/inline_patch.h \
	lib/intern.c lib/intern.h \
	lib/judge.c lib/judge.h lib/judge_mapped.c lib/judge_mapped.h \
	lib/leak_api.c lib/leak_point.c lib/leak_point.h lib/leak_scope.c lib/leak_scope.h \
	lib/load_order.c lib/load_order.h \
	lib/loader.c lib/loader.h \
	lib/lock.c lib/lock.h \
	lib/map_lines.c lib/map_lines.h \
	lib/mapped.c lib/mapped.h \
	lib/modules.c lib/modules.h \
	lib/wrappers.c lib/wrappers.h \
	lib/one_heap.c lib/one_heap.h \
	lib/points.c lib/points.h \
	lib/real.c lib/real.h \
	lib/regions.c lib/regions.h \
	lib/root_regions.c lib/root_regions.h \
	lib/runtime.c lib/runtime.h \
	lib/participant.c lib/participant.h \
	lib/say.c lib/say.h \
	lib/slab.c lib/slab.h \
	lib/split.c lib/split.h \
	lib/stack.c lib/stack.h \
	lib/sys.c lib/sys.h \
	lib/tell.c lib/tell.h lib/tell_here.c lib/tell_here.h lib/tell_text.c lib/tell_text.h \
	lib/text.h \
	lib/thread.c lib/thread.h \
	lib/unwind.c lib/unwind.h lib/unwind_full.c \
	lib/unwound.c lib/unwound.h
# Frame pointers: the hooks read their caller's registers from their own frame. No stack
# protector: it would read TLS that a clone()d thread may not have. No SSE: the compiler would keep
# values in aligned places of the stack, and a program may call malloc with its stack misaligned. The
# two files that compare tags with SSE are told so, and checked (tests/invariants.tap).
RUNTIME_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -O2 -g -fvisibility=hidden \
	-fno-omit-frame-pointer -fno-optimize-sibling-calls -ftls-model=initial-exec \
	-fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free \
	-fno-stack-protector -fno-semantic-interposition
noinst_LTLIBRARIES += lib/librecord.la
lib_librecord_la_SOURCES = lib/blocks.c lib/blocks.h lib/block_table.h lib/record.c lib/record.h
lib_librecord_la_CFLAGS = $(RUNTIME_CFLAGS) -mincoming-stack-boundary=3 -fno-tree-slp-vectorize
lib_liballoctrace_la_CFLAGS = $(RUNTIME_CFLAGS) -mgeneral-regs-only
lib_liballoctrace_la_LDFLAGS = -module -avoid-version -shared -Wl,-z,defs -Wl,-z,now -Wl,-z,initfirst
lib_liballoctrace_la_LIBADD = lib/librecord.la
include_HEADERS += lib/alloctrace.h lib/alloctrace-lsan.h \
	lib/alloctrace-catch2.h lib/alloctrace-check.h lib/alloctrace-cmocka.h lib/alloctrace-gtest.h
pkgconfig_DATA += lib/alloctrace.pc
include $(top_srcdir)/tests/lib/local.mk
include $(top_srcdir)/tests/leak-api/local.mk

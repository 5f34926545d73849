# scan/ - L3 leaks: which blocks of a process nothing points to any more.
noinst_LIBRARIES += scan/libscan.a
scan_libscan_a_SOURCES = scan/leak_scan.c scan/leak_scan.h \
	scan/address_space.c scan/address_space.h \
	scan/block_list.c scan/block_list.h \
	scan/classify.c scan/classify.h \
	scan/groups.c scan/groups.h \
	scan/heap_scan.c scan/heuristics.c \
	scan/glibc_heap.c scan/glibc_heap.h scan/known_memory.c scan/known_memory.h \
	scan/mark.c scan/mark.h scan/word_scan.h \
	scan/read_cache.c scan/read_cache.h \
	scan/root_ranges.c scan/root_ranges.h \
	scan/thread_memory.c scan/thread_memory.h

include $(top_srcdir)/tests/scan/local.mk

# link/ - L3 what the dynamic linker makes of files, and has made of a process. Each part has its own lines
# here; doc/ARCHITECTURE.md tells how they work.
noinst_LIBRARIES += link/liblink.a
link_liblink_a_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
# The model that all others fill or read: modules, imports, who they are bound to.
link_liblink_a_SOURCES = link/linked.c link/linked.h link/linked_news.c link/linked_news.h
# Filled from files, by doing what ld.so would do,
link_liblink_a_SOURCES += link/link_files.c link/link_files.h \
	link/interpreter.c link/interpreter.h \
	link/library_cache.c link/library_cache.h \
	link/library_search.c link/library_search.h
# from a trace,
link_liblink_a_SOURCES += link/link_trace.c link/link_trace.h
# from a living process, also one that is run up to a place.
link_liblink_a_SOURCES += link/link_process.c link/link_process.h \
	link/link_run.c link/link_run.h \
	link/loader_list.c link/loader_list.h \
	link/process_image.c link/process_image.h \
	link/process_module.c link/process_module.h \
	link/process_openings.c link/process_openings.h \
	link/process_slots.c link/process_slots.h
# Asked of it: who uses which allocator, whose heap a name leads to, where thread-local variables lie,
link_liblink_a_SOURCES += link/uses.c link/uses.h link/link_words.c link/link_words.h \
	link/heaps.c link/heaps.h \
	link/static_tls.c link/static_tls.h
# what is wrong,
link_liblink_a_SOURCES += link/diagnosis.c link/diagnosis.h link/diagnose.h \
	link/diagnose_heaps.c link/diagnose_loading.c link/diagnose_splits.c \
	link/diagnose_static_tls.c link/diagnose_unused.c
# and whether it is as CI wants it.
link_liblink_a_SOURCES += link/expectations.c link/expectations.h \
	link/expectation_words.c link/expectation_words.h

check_PROGRAMS += tests/link/linked-of
tests_link_linked_of_SOURCES = tests/link/linked-of.c
tests_link_linked_of_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
tests_link_linked_of_LDADD = link/liblink.a inject/libinject.a symbol/libsymbol.a $(SYMBOL_LIBS)
TESTS += tests/link-process.tap tests/symbols-live.tap
EXTRA_DIST += tests/link-process.tap tests/symbols-live.tap

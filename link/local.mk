# link/ - L3 what the dynamic linker makes of files: which it finds, who is bound to whom.
noinst_LIBRARIES += link/liblink.a
link_liblink_a_SOURCES = link/linked.c link/linked.h \
	link/library_cache.c link/library_cache.h \
	link/library_search.c link/library_search.h \
	link/link_files.c link/link_files.h \
	link/interpreter.c link/interpreter.h \
	link/static_tls.c link/static_tls.h \
	link/expectations.c link/expectations.h link/expectation_words.c link/expectation_words.h \
	link/link_words.c link/link_words.h link/uses.c link/uses.h
link_liblink_a_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)

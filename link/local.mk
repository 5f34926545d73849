# link/ - L3 what the dynamic linker makes of files: which it finds, who is bound to whom.
noinst_LIBRARIES += link/liblink.a
link_liblink_a_SOURCES = link/linked.c link/linked.h \
	link/static_tls.c link/static_tls.h
link_liblink_a_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)

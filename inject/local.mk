# inject/ - L2 other processes: their memory, and running a program up to a place in it.
noinst_LIBRARIES += inject/libinject.a
inject_libinject_a_SOURCES = inject/process_memory.c inject/process_memory.h \
	inject/process_maps.c inject/process_maps.h \
	inject/process_pages.c inject/process_pages.h \
	inject/breakpoints.c inject/breakpoints.h \
	inject/run_to.c inject/run_to.h
inject_libinject_a_SOURCES += inject/stopped.c inject/stopped.h inject/stop_threads.c inject/stop_threads.h \
	inject/thread_registers.c inject/thread_registers.h inject/remote_call.c inject/remote_call.h \
	inject/process_copy.c inject/process_copy.h
inject_libinject_a_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)

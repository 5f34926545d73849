# tests/scan/ - the search for leaks on made-up memory, and on processes that are stopped.
check_PROGRAMS += tests/scan/scan-process
tests_scan_scan_process_SOURCES = tests/scan/scan-process.c
tests_scan_scan_process_LDADD = scan/libscan.a inject/libinject.a elf/libelffile.a util/libutil.a $(ELF_LIBS)

# tests/scan/ - the search for leaks on made-up memory, and on processes that are stopped.
check_PROGRAMS += tests/scan/scan-process
tests_scan_scan_process_SOURCES = tests/scan/scan-process.c
tests_scan_scan_process_LDADD = scan/libscan.a inject/libinject.a elf/libelffile.a util/libutil.a $(ELF_LIBS)

SCAN_TEST_WORLD = tests/scan/made_up.c tests/scan/made_up.h tests/trace/check.h
check_PROGRAMS += tests/scan/test_scan
TESTS += tests/scan/test_scan
tests_scan_test_scan_SOURCES = tests/scan/test_scan.c $(SCAN_TEST_WORLD)
tests_scan_test_scan_LDADD = scan/libscan.a util/libutil.a

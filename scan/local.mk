# scan/ - L3 leaks: which blocks of a process nothing points to any more.
noinst_HEADERS += scan/leak_scan.h inject/stopped.h

# man/
dist_man_MANS += man/alloctrace.1 man/alloctrace-dump.1 man/alloctrace-errors.1 man/alloctrace-info.1 man/alloctrace-leaks.1 \
	man/alloctrace-report.1 man/alloctrace-run.1 man/alloctrace-suppressions.5 man/alloctrace-symbols.1 man/alloctrace-trace.5 man/alloctrace.h.3

# man/
dist_man_MANS += man/alloctrace-trace.5

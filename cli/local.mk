# cli/ - L5 the command-line tool.
bin_PROGRAMS += alloctrace
alloctrace_SOURCES = cli/main.c
alloctrace_LDADD = util/libutil.a

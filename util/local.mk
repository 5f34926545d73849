# util/ - L1 what the tool's modules share: errors, memory, strings.
noinst_LIBRARIES += util/libutil.a
util_libutil_a_SOURCES = util/err.c util/err.h util/line.c util/line.h util/mem.c util/mem.h util/path.h util/strbuf.c util/strbuf.h

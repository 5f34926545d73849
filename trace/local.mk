# trace/
noinst_HEADERS += trace/trace.h

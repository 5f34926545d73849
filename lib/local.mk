# lib/ - L2 the runtime inside the traced process. Depends on libc alone.
pkglib_LTLIBRARIES += lib/liballoctrace.la
lib_liballoctrace_la_SOURCES = lib/runtime.c
lib_liballoctrace_la_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -O2 -g -fvisibility=hidden \
	-fno-omit-frame-pointer -ftls-model=initial-exec -fno-builtin -fno-stack-protector
lib_liballoctrace_la_LDFLAGS = -module -avoid-version -shared -Wl,-z,defs -Wl,-z,now
lib_liballoctrace_la_LIBADD =
pkgconfig_DATA += lib/alloctrace.pc

noinst_HEADERS += base/atomics.h base/compiler.h base/hash.h base/varint.h

# symbol/
noinst_HEADERS += symbol/symbol.h

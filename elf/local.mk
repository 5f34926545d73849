# elf/ - L2 what is in an ELF file (with symbol/ the only user of libelf).
noinst_LIBRARIES += elf/libelffile.a
elf_libelffile_a_SOURCES = elf/elf_file.c elf/elf_file.h
elf_libelffile_a_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)

# elf/ - L2 what is in an ELF file (with symbol/ the only user of libelf).
noinst_LIBRARIES += elf/libelffile.a
elf_libelffile_a_SOURCES = elf/elf_file.c elf/elf_file.h \
	elf/program.c elf/program.h \
	elf/program_allocator.c elf/program_allocator.h \
	elf/program_find.c elf/program_find.h \
	elf/program_words.c elf/program_words.h
elf_libelffile_a_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
# What a program that links libelffile.a needs, in this order.
ELF_FILE_LIBS = elf/libelffile.a util/libutil.a $(ELF_LIBS)

check_PROGRAMS += tests/elf/inspect
tests_elf_inspect_SOURCES = tests/elf/inspect.c
tests_elf_inspect_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
tests_elf_inspect_LDADD = $(ELF_FILE_LIBS)
TESTS += tests/program.tap
EXTRA_DIST += tests/program.tap

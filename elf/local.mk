# elf/ - L2 what is in an ELF file (with symbol/ the only user of libelf).
noinst_LIBRARIES += elf/libelffile.a
elf_libelffile_a_SOURCES = elf/elf_file.c elf/elf_file.h \
	elf/elf_archive.c elf/elf_archive.h \
	elf/allocators.c elf/allocators.h \
	elf/binding_search.c elf/binding_search.h \
	elf/binding_words.c elf/binding_words.h \
	elf/bindings.c elf/bindings.h \
	elf/call_site.c elf/call_site.h \
	elf/cut_guard.c elf/cut_guard.h \
	elf/code_ranges.c elf/code_ranges.h \
	elf/foreign_file.c elf/foreign_file.h elf/mach_o_file.c elf/pe_file.c \
	elf/family_clues.c elf/family_clues.h \
	elf/family_version.c elf/family_version.h \
	elf/fde_ranges.c elf/fde_ranges.h \
	elf/function_set.c elf/function_set.h \
	elf/given_blocks.c elf/given_blocks.h \
	elf/hook_plan.c elf/hook_plan.h \
	elf/passed_numbers.c elf/passed_numbers.h \
	elf/rust_shims.c elf/rust_shims.h \
	elf/relocate_x86_64.c elf/relocate_x86_64.h \
	elf/system_memory.c elf/system_memory.h \
	elf/text_search.c elf/text_search.h \
	elf/thread_storage.c elf/thread_storage.h \
	elf/user_families.c elf/user_families.h \
	elf/program.c elf/program.h \
	elf/program_allocator.c elf/program_allocator.h \
	elf/program_find.c elf/program_find.h \
	elf/program_words.c elf/program_words.h
elf_libelffile_a_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
# What a program that links libelffile.a needs, in this order.
ELF_FILE_LIBS = elf/libelffile.a util/libutil.a $(ELF_LIBS) $(ZYDIS_LIBS)
# And one that makes plans for inline hooks.
HOOK_PLAN_LIBS = $(ELF_FILE_LIBS)

check_PROGRAMS += tests/elf/inspect tests/elf/allocators-of tests/elf/plans-of \
	tests/elf/bindings-of
check_PROGRAMS += tests/elf/test_cut_off
TESTS += tests/elf/test_cut_off
tests_elf_test_cut_off_SOURCES = tests/elf/test_cut_off.c tests/trace/check.h
tests_elf_test_cut_off_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
tests_elf_test_cut_off_LDADD = $(ELF_FILE_LIBS) -lpthread
tests_elf_bindings_of_SOURCES = tests/elf/bindings-of.c
tests_elf_bindings_of_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
tests_elf_bindings_of_LDADD = $(ELF_FILE_LIBS)
tests_elf_plans_of_SOURCES = tests/elf/plans-of.c tests/elf/milliseconds.h
tests_elf_plans_of_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
tests_elf_plans_of_LDADD = $(HOOK_PLAN_LIBS)
tests_elf_allocators_of_SOURCES = tests/elf/allocators-of.c tests/elf/milliseconds.h
tests_elf_allocators_of_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
tests_elf_allocators_of_LDADD = $(ELF_FILE_LIBS)
tests_elf_inspect_SOURCES = tests/elf/inspect.c
tests_elf_inspect_CPPFLAGS = $(AM_CPPFLAGS) $(ELF_CFLAGS)
tests_elf_inspect_LDADD = $(ELF_FILE_LIBS)
TESTS += tests/bindings.tap tests/program.tap tests/families.tap tests/plans.tap tests/instances.tap
EXTRA_DIST += tests/bindings.tap tests/program.tap tests/families.tap tests/plans.tap tests/instances.tap

/* survey.c - see survey.h. */
#include "symbol/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <gelf.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "elf/elf_archive.h"
#include "elf/foreign_file.h"
#include "symbol/module_allocators.h"
#include "util/mem.h"

/* ---- what to look at ---- */

static struct survey_file *add(struct survey *s, const char *path, bool is_named)
{
	s->files = mem_grow(s->files, &s->cap, s->count + 1, sizeof(*s->files));
	struct survey_file *file = &s->files[s->count++];
	*file = (struct survey_file){ .path = mem_strdup(path), .is_named = is_named };
	return file;
}

/* Files there are made up as they are read, and may be endless (/proc/kcore is an ELF file). */
static bool is_made_up(const char *path)
{
	struct statfs fs;
	if (statfs(path, &fs) < 0)
		return false;
	return fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC ||
	       fs.f_type == DEBUGFS_MAGIC || fs.f_type == TRACEFS_MAGIC ||
	       fs.f_type == CGROUP2_SUPER_MAGIC;
}

static void add_unreadable(struct survey *s, const char *path, int code)
{
	struct err err;
	err_set(&err, "cannot read %s: %s", path, strerror(code));
	add(s, path, false)->problem = mem_strdup(err.text);
}

static void add_below(struct survey *s, const char *directory)
{
	char *const roots[] = { (char *)directory, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	if (!walk) {
		add_unreadable(s, directory, errno);
		return;
	}
	dev_t device = 0;
	for (FTSENT *e; (e = fts_read(walk));) {
		if (e->fts_info == FTS_F && e->fts_statp->st_size > 0)
			add(s, e->fts_path, false);
		else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
			add_unreadable(s, e->fts_path, e->fts_errno);
		else if (e->fts_info == FTS_D && e->fts_dev != device) {
			device = e->fts_dev;
			if (is_made_up(e->fts_path))
				fts_set(walk, e, FTS_SKIP);
		}
	}
	fts_close(walk);
}

void survey_add(struct survey *s, const char *path)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		add_below(s, path);
	else
		add(s, path, true);
}

/* ---- one file ---- */

enum magic { MAGIC_OTHER, MAGIC_ELF, MAGIC_ARCHIVE, MAGIC_FOREIGN, MAGIC_UNREADABLE };

static enum magic read_magic(const char *path, struct err *err)
{
	char start[8] = "";
	int fd = elf_open_regular(path, err);
	if (fd < 0)
		return MAGIC_UNREADABLE;
	ssize_t got = pread(fd, start, sizeof(start), 0);
	close(fd);
	if (got < 0) {
		err_set_errno(err, "cannot read %s", path);
		return MAGIC_UNREADABLE;
	}
	if (got >= SELFMAG && memcmp(start, ELFMAG, SELFMAG) == 0)
		return MAGIC_ELF;
	if (got == sizeof(start) && (memcmp(start, "!<arch>\n", sizeof(start)) == 0 ||
				     memcmp(start, "!<thin>\n", sizeof(start)) == 0))
		return MAGIC_ARCHIVE;
	if (foreign_format_of((const uint8_t *)start, (size_t)got) != FOREIGN_NONE)
		return MAGIC_FOREIGN;
	return MAGIC_OTHER;
}

static bool is_program(Elf *elf, const GElf_Ehdr *ehdr)
{
	size_t count = 0;
	GElf_Phdr phdr;
	if (ehdr->e_type != ET_DYN || elf_getphdrnum(elf, &count) != 0)
		return ehdr->e_type == ET_EXEC;
	bool interpreted = false, run_by_itself = false;
	for (size_t i = 0; i < count && gelf_getphdr(elf, (int)i, &phdr); i++)
		interpreted |= phdr.p_type == PT_INTERP;
	/* libc.so.6 has an interpreter, too; DF_1_PIE tells programs, also static ones. */
	Elf_Scn *section = elf_section_named(elf, ".dynamic");
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	GElf_Dyn entry;
	bool has_name = false;
	for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
		run_by_itself |= entry.d_tag == DT_FLAGS_1 && entry.d_un.d_val & DF_1_PIE;
		has_name |= entry.d_tag == DT_SONAME;
	}
	return run_by_itself || (interpreted && !has_name);
}

/* A separate debug file has the sections of code without what is in them. */
static bool is_debug_file(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	bool is = false;
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &shdr) || !(shdr.sh_flags & SHF_EXECINSTR))
			continue;
		if (shdr.sh_type != SHT_NOBITS)
			return false;
		is = true;
	}
	return is;
}

static void describe(struct survey_file *f, Elf *elf)
{
	GElf_Ehdr ehdr;
	if (!gelf_getehdr(elf, &ehdr))
		return;
	f->format = "ELF";
	f->machine = ehdr.e_machine;
	f->bits = ehdr.e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 64;
	f->is_big_endian = ehdr.e_ident[EI_DATA] == ELFDATA2MSB;
	GElf_Shdr symbols;
	f->has_symbols = elf_section_of_type(elf, SHT_SYMTAB, &symbols) != NULL;
	if (f->kind == SURVEY_ARCHIVE)
		return;
	f->kind = ehdr.e_type == ET_REL	   ? SURVEY_OBJECT
		  : is_debug_file(elf)	   ? SURVEY_DEBUG
		  : is_program(elf, &ehdr) ? SURVEY_PROGRAM
					   : SURVEY_LIBRARY;
	elf_build_id_read(elf, &f->build_id);
}

/* Who looks: one of several threads. */
struct looker {
	const struct survey *survey;
	struct allocator_finder *finder;
};

static void add_evidence(struct survey_file *f, const struct looker *l,
			 struct evidence_source source)
{
	source.path = f->path;
	source.ask_servers = l->survey->ask_servers;
	if (l->survey->details && (f->found.count || f->is_named))
		file_evidence_find(&f->evidence, &source, &f->found);
}

static int look_at_elf(struct survey_file *f, const struct looker *l, struct err *err)
{
	struct elf_file file;
	if (elf_file_open(&file, f->path, err) < 0)
		return -1;
	describe(f, file.elf);
	file_allocators_find(l->finder, &file, f->path, l->survey->ask_servers, &f->found);
	add_evidence(f, l, (struct evidence_source){ .file = &file });
	elf_file_close(&file);
	return 0;
}

static const char *const formats[] = { NULL, "PE", "Mach-O" };

static void describe_foreign(struct survey_file *f, const struct foreign_file *file)
{
	f->format = formats[file->format];
	f->machine = file->machine;
	f->bits = file->bits;
	f->is_big_endian = file->is_big_endian;
	f->has_symbols |= file->has_symbols;
	if (f->kind == SURVEY_ARCHIVE)
		return;
	f->kind = file->is_object    ? SURVEY_OBJECT
		  : file->is_program ? SURVEY_PROGRAM
				     : SURVEY_LIBRARY;
	f->build_id = file->id;
}

static void take_archive(struct survey_file *f, const struct looker *l, struct elf_archive *archive)
{
	if (archive->count + archive->foreign_count) {
		f->kind = SURVEY_ARCHIVE;
		if (archive->count)
			describe(f, archive->objects[0].elf);
		else
			describe_foreign(f, archive->foreign[0]);
		allocators_find_in_archive(l->finder, archive, f->path, &f->found);
		add_evidence(f, l, (struct evidence_source){ .archive = archive });
	}
	f->problem = archive->missing;
	archive->missing = NULL;
	elf_archive_close(archive);
}

static int look_at_archive(struct survey_file *f, const struct looker *l, struct err *err)
{
	struct elf_archive archive;
	if (elf_archive_open(&archive, f->path, err) < 0)
		return -1;
	take_archive(f, l, &archive);
	return 0;
}

/* Returns how many parts the file has, or -1. */
static int look_at_part(struct survey_file *f, unsigned part, const struct looker *l,
			struct err *err)
{
	struct elf_archive archive;
	struct foreign_file file;
	if (foreign_file_open(&file, f->path, part, err) < 0)
		return -1;
	int count = (int)file.machine_count;
	f->is_part = count > 1;
	if (!file.is_archive) {
		describe_foreign(f, &file);
		allocators_find_in_foreign(l->finder, &file, f->path, &f->found);
		add_evidence(f, l, (struct evidence_source){ .foreign = &file });
	} else if (elf_archive_open_part(&archive, f->path, file.archive, err) == 0) {
		take_archive(f, l, &archive);
	} else {
		count = -1;
	}
	foreign_file_close(&file);
	return count;
}

/* Other files begin with the same bytes (DOS programs, Java classes): in a directory they are
 * passed over. */
static int look_at_foreign(struct survey_file *f, const struct looker *l, struct err *err)
{
	int count = look_at_part(f, 0, l, err);
	struct survey_file **last = &f->more;
	for (int part = 1; part < count; part++) {
		struct survey_file *other = mem_zalloc(1, sizeof(*other));
		*other = (struct survey_file){ .path = mem_strdup(f->path),
					       .is_named = f->is_named };
		*last = other;
		last = &other->more;
		if (look_at_part(other, (unsigned)part, l, err) < 0)
			other->problem =
				mem_printf("part %d of %s cannot be read", part + 1, f->path);
	}
	return count < 0 && f->is_named ? -1 : 0;
}

static void look_at(struct survey_file *f, const struct looker *l)
{
	struct err err = { "" };
	int code = 0;
	if (f->problem)
		return;
	switch (read_magic(f->path, &err)) {
	case MAGIC_ELF:
		code = look_at_elf(f, l, &err);
		break;
	case MAGIC_ARCHIVE:
		code = look_at_archive(f, l, &err);
		break;
	case MAGIC_FOREIGN:
		code = look_at_foreign(f, l, &err);
		break;
	case MAGIC_OTHER:
		if (f->is_named)
			code = err_set(&err, "%s is no ELF, PE or Mach-O file and no archive",
				       f->path);
		break;
	case MAGIC_UNREADABLE:
		code = -1;
		break;
	}
	if (code < 0 && !f->problem)
		f->problem = mem_strdup(err.text);
}

/* ---- all of them ---- */

struct work {
	struct survey *survey;
	size_t next, done;
};

static bool look_at_next(struct work *w, struct allocator_finder *finder)
{
	size_t i = at_add_relaxed(&w->next, (size_t)1);
	if (i >= w->survey->count)
		return false;
	const struct looker looker = { w->survey, finder };
	look_at(&w->survey->files[i], &looker);
	at_add_relaxed(&w->done, (size_t)1);
	return true;
}

static void *work(void *argument)
{
	struct allocator_finder *finder = allocator_finder_new();
	while (look_at_next(argument, finder))
		;
	allocator_finder_free(finder);
	return NULL;
}

/* The parts of a file that are in lists become files of their own. */
static void take_parts(struct survey *s)
{
	for (size_t i = 0; i < s->count; i++)
		for (struct survey_file *part; (part = s->files[i].more);) {
			s->files[i].more = part->more;
			part->more = NULL;
			s->files = mem_grow(s->files, &s->cap, s->count + 1, sizeof(*s->files));
			s->files[s->count++] = *part;
			free(part);
		}
}

static int by_path(const void *a, const void *b)
{
	const struct survey_file *x = a, *y = b;
	int order = strcmp(x->path, y->path);
	return order ? order : (int)x->machine - (int)y->machine;
}

void survey_run(struct survey *s, survey_step *step, void *context)
{
	enum { THREADS_MAX = 16 };
	pthread_t threads[THREADS_MAX];
	struct work w = { .survey = s };
	struct allocator_finder *finder = allocator_finder_new();
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t want = processors > THREADS_MAX ? THREADS_MAX
		      : processors > 1	       ? (size_t)processors - 1
					       : 0;
	size_t started = 0;
	elf_version(EV_CURRENT); /* not safe in several threads at first */
	while (started < want && started + 1 < s->count &&
	       pthread_create(&threads[started], NULL, work, &w) == 0)
		started++;
	while (look_at_next(&w, finder))
		if (step)
			step(context, at_load_relaxed(&w.done), s->count);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	allocator_finder_free(finder);
	take_parts(s);
	if (s->count)
		qsort(s->files, s->count, sizeof(*s->files), by_path);
}

void survey_release(struct survey *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->files[i].path);
		free(s->files[i].problem);
		allocators_release(&s->files[i].found);
		file_evidence_release(&s->files[i].evidence);
	}
	free(s->files);
	*s = (struct survey)SURVEY_INIT;
}

const char *survey_machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = { { EM_X86_64, "x86-64" },	     { EM_386, "i386" },
		      { EM_AARCH64, "aarch64" },     { EM_ARM, "arm" },
		      { EM_RISCV, "riscv" },	     { EM_PPC64, "ppc64" },
		      { EM_S390, "s390" },	     { EM_MIPS, "mips" },
		      { EM_LOONGARCH, "loongarch" }, { EM_PPC, "ppc" },
		      { EM_SPARCV9, "sparc64" } };
	for (size_t i = 0; i < AT_COUNT_OF(names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return NULL;
}

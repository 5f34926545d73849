/* program.c - see program.h: reads the headers of the file that will run. */
#include "elf/program.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "elf/program_allocator.h"
#include "elf/program_find.h"
#include "elf/program_words.h"
#include "util/mem.h"
#include "util/path.h"

enum {
	MAX_DYNAMIC_ENTRIES = 65536,
	MAX_INTERPRETER_BYTES = 4096, /* the kernel's limit (PATH_MAX) */
};

/* What the dynamic section says. */
struct dynamic {
	bool present, needs_libraries, pie;
	const char *soname; /* in libelf's memory */
};

void program_info_release(struct program_info *info)
{
	for (size_t i = 0; i < info->script_count; i++)
		free(info->scripts[i]);
	free(info->path);
	free(info->interpreter);
	free(info->obstacle);
	free(info->note);
	*info = (struct program_info){ .path = NULL };
}

/* ---- rights ---- */

/* As the kernel decides AT_SECURE (cap_bprm_creds_from_file): the ids change, or file capabilities
 * add rights to a user who is not root. Neither counts on a nosuid mount or after no_new_privs. */
static void inspect_rights(struct program_info *info)
{
	struct stat st;
	struct statvfs fs;
	if (stat(info->path, &st) < 0)
		return;
	info->setuid = (st.st_mode & S_ISUID) != 0;
	/* Without the group's execute bit it once meant mandatory locking. */
	info->setgid = (st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP);
	info->file_capabilities = getxattr(info->path, "security.capability", NULL, 0) > 0;
	bool counts = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 &&
		      (statvfs(info->path, &fs) < 0 || !(fs.f_flag & ST_NOSUID));
	uid_t euid = counts && info->setuid ? st.st_uid : geteuid();
	gid_t egid = counts && info->setgid ? st.st_gid : getegid();
	info->secure = euid != getuid() || egid != getgid() ||
		       (counts && info->file_capabilities && getuid() != 0);
}

/* ---- headers ---- */

static char *read_interpreter(Elf *elf, const GElf_Phdr *phdr)
{
	if (phdr->p_filesz == 0 || phdr->p_filesz > MAX_INTERPRETER_BYTES)
		return NULL;
	Elf_Data *data =
		elf_getdata_rawchunk(elf, (int64_t)phdr->p_offset, phdr->p_filesz, ELF_T_BYTE);
	if (!data || !data->d_buf)
		return NULL;
	return mem_strndup(data->d_buf, strnlen(data->d_buf, data->d_size));
}

/* The file offset of an address that DT_STRTAB gives. */
static bool offset_of(Elf *elf, uint64_t address, uint64_t *offset)
{
	size_t count;
	if (elf_getphdrnum(elf, &count) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr phdr;
		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD ||
		    address < phdr.p_vaddr || address - phdr.p_vaddr >= phdr.p_filesz)
			continue;
		*offset = address - phdr.p_vaddr + phdr.p_offset;
		return true;
	}
	return false;
}

/* A name of DT_SONAME kind is short; the text ends inside the chunk or is taken as none. */
static const char *dynamic_string(Elf *elf, uint64_t strings, uint64_t at)
{
	enum { NAME_BYTES = 64 };
	uint64_t offset;
	if (!strings || __builtin_add_overflow(strings, at, &at) || !offset_of(elf, at, &offset))
		return NULL;
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)offset, NAME_BYTES, ELF_T_BYTE);
	if (!data || !data->d_buf || !memchr(data->d_buf, '\0', NAME_BYTES))
		return NULL;
	return data->d_buf;
}

static void read_dynamic(Elf *elf, const GElf_Phdr *phdr, struct dynamic *dynamic)
{
	dynamic->present = true;
	Elf_Data *data =
		elf_getdata_rawchunk(elf, (int64_t)phdr->p_offset, phdr->p_filesz, ELF_T_DYN);
	uint64_t strings = 0, soname = 0;
	bool has_soname = false;
	for (int i = 0; data && data->d_buf && i < MAX_DYNAMIC_ENTRIES; i++) {
		GElf_Dyn entry;
		if (!gelf_getdyn(data, i, &entry) || entry.d_tag == DT_NULL)
			break;
		dynamic->needs_libraries |= entry.d_tag == DT_NEEDED;
		dynamic->pie |= entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_PIE);
		if (entry.d_tag == DT_STRTAB)
			strings = entry.d_un.d_ptr;
		if (entry.d_tag == DT_SONAME) {
			has_soname = true;
			soname = entry.d_un.d_val;
		}
	}
	if (has_soname)
		dynamic->soname = dynamic_string(elf, strings, soname);
}

static int read_segments(Elf *elf, struct program_info *info, struct dynamic *dynamic)
{
	size_t count;
	bool loads = false;
	if (elf_getphdrnum(elf, &count) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr phdr;
		if (!gelf_getphdr(elf, (int)i, &phdr))
			return -1;
		loads |= phdr.p_type == PT_LOAD;
		if (phdr.p_type == PT_DYNAMIC && !dynamic->present)
			read_dynamic(elf, &phdr, dynamic);
		if (phdr.p_type != PT_INTERP || info->interpreter)
			continue;
		info->interpreter = read_interpreter(elf, &phdr);
		if (!info->interpreter)
			return -1;
	}
	return loads ? 0 : -1;
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* ld.so can be started as a program, with the program to run as its argument; LD_PRELOAD works. */
static void classify(struct program_info *info, const struct dynamic *dynamic)
{
	const char *linker = info->interpreter ? info->interpreter : dynamic->soname;
	linker = linker ? path_name(linker) : "";
	info->pie = dynamic->pie;
	info->musl = starts_with(linker, "ld-musl") ||
		     (!info->interpreter && starts_with(linker, "libc.musl"));
	info->is_dynamic_linker =
		!info->interpreter && (starts_with(linker, "ld-linux") || info->musl);
	if (info->interpreter || info->is_dynamic_linker || dynamic->needs_libraries)
		info->linkage = PROGRAM_DYNAMIC;
	else
		info->linkage = info->type == ET_DYN ? PROGRAM_STATIC_PIE : PROGRAM_STATIC;
	info->interpreter_exists = info->interpreter && access(info->interpreter, F_OK) == 0;
}

static int inspect_elf(const struct elf_file *file, struct program_info *info, struct err *err)
{
	Elf *elf = file->elf;
	GElf_Ehdr ehdr;
	struct dynamic dynamic = { .present = false };
	if (!gelf_getehdr(elf, &ehdr) || ehdr.e_version != EV_CURRENT)
		return err_set(err, "cannot start %s: its ELF header is damaged", info->path);
	info->elf_class = ehdr.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	info->machine = ehdr.e_machine;
	info->type = ehdr.e_type;
	if (info->type != ET_EXEC && info->type != ET_DYN)
		return err_set(err, "cannot start %s: it is %s, not a program", info->path,
			       info->type == ET_REL    ? "an object file"
			       : info->type == ET_CORE ? "a core dump"
						       : "an unknown kind of ELF file");
	if (read_segments(elf, info, &dynamic) < 0)
		return err_set(err, "cannot start %s: its ELF program headers are damaged",
			       info->path);
	classify(info, &dynamic);
	if (info->type == ET_DYN && !info->interpreter && !info->is_dynamic_linker &&
	    !dynamic.pie && (dynamic.soname || dynamic.needs_libraries))
		return err_set(err, "cannot start %s: it is a shared library, not a program",
			       info->path);
	elf_build_id_read(elf, &info->build_id);
	if (info->linkage == PROGRAM_DYNAMIC && !info->is_dynamic_linker)
		program_find_allocator(file, info);
	return 0;
}

int program_inspect(const char *path_or_name, struct program_info *out, struct err *err)
{
	*out = (struct program_info){ .path = NULL };
	int code = program_find(path_or_name, out, err);
	struct elf_file file = ELF_FILE_INIT;
	/* A file that may be executed but not read is started without having been looked at. */
	if (code == 0 && access(out->path, R_OK) == 0) {
		if (elf_file_open(&file, out->path, err) < 0 || inspect_elf(&file, out, err) < 0)
			code = PROGRAM_NOT_A_PROGRAM;
		elf_file_close(&file);
	}
	if (code != 0) {
		program_info_release(out);
		return code;
	}
	inspect_rights(out);
	program_explain(out);
	return 0;
}

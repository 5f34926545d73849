/* module_files.c - see module_files.h. */
#include "symbol/module_files.h"

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "symbol/debug_image.h"
#include "symbol/debug_lookup.h"
#include "symbol/mini_debug.h"
#include "util/mem.h"
#include "util/path.h"
#include "wire/session.h"

void debug_roots_init(struct debug_roots *roots)
{
	*roots = (struct debug_roots){ 0 };
	debug_roots_add(roots, "/usr/lib/debug");
}

void debug_roots_add(struct debug_roots *roots, const char *path)
{
	roots->paths = mem_grow(roots->paths, &roots->cap, roots->count + 1, sizeof(char *));
	roots->paths[roots->count++] = mem_strdup(path);
}

void debug_roots_release(struct debug_roots *roots)
{
	for (size_t i = 0; i < roots->count; i++)
		free(roots->paths[i]);
	free(roots->paths);
	*roots = (struct debug_roots){ 0 };
}

static void add_problem(struct module_files *files, const char *text)
{
	char *old = files->problem;
	files->problem = old ? mem_printf("%s; %s", old, text) : mem_strdup(text);
	free(old);
}

static bool is_vdso(const char *path)
{
	return strcmp(path, "[vdso]") == 0 || strncmp(path, "linux-vdso.so", 13) == 0;
}

/* The kernel's own code in every process. Ours is the same as the traced one's as long as the
 * kernel is; the build-id tells. */
static int open_vdso(struct elf_file *file, struct err *err)
{
	const GElf_Ehdr *ehdr = (const GElf_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	if (!ehdr)
		return err_set(err, "this process has no vdso to read symbols from");
	/* The section headers are its last part. */
	size_t bytes = ehdr->e_shoff + (size_t)ehdr->e_shnum * ehdr->e_shentsize;
	void *image = mem_alloc(bytes);
	memcpy(image, ehdr, bytes);
	return elf_file_from_image(file, image, bytes, "the vdso", err);
}

/* The runtime keeps SESSION_BUILD_ID_BYTES of a longer build-id. */
static bool same_build(const struct elf_build_id *found, const struct trace_module *module)
{
	uint32_t count = found->count;
	if (module->build_id_bytes == SESSION_BUILD_ID_BYTES && count > SESSION_BUILD_ID_BYTES)
		count = SESSION_BUILD_ID_BYTES;
	return count == module->build_id_bytes &&
	       (count == 0 || memcmp(found->bytes, module->build_id, count) == 0);
}

bool module_file_is_same(Elf *elf, const struct trace_module *module)
{
	struct elf_build_id found;
	elf_build_id_read(elf, &found);
	return same_build(&found, module);
}

static void open_main(struct module_files *files, const struct trace_module *module)
{
	struct err err = { "" };
	int status = is_vdso(module->path) ? open_vdso(&files->main, &err)
					   : elf_file_open(&files->main, module->path, &err);
	if (status < 0) {
		add_problem(files, err.text);
		return;
	}
	if (module_file_is_same(files->main.elf, module))
		return;
	add_problem(files, is_vdso(module->path)
				   ? "build-id differs: traced under another kernel"
				   : "build-id differs: the file has changed since the trace");
	elf_file_close(&files->main);
}

static bool has_dwarf(Elf *elf)
{
	return elf_section_named(elf, ".debug_info") || elf_section_named(elf, ".zdebug_info");
}

static void find_debug(struct module_files *files, const struct trace_module *module,
		       const struct debug_roots *roots)
{
	struct elf_build_id id = { .count = 0 };
	if (files->main.elf)
		elf_build_id_read(files->main.elf, &id);
	else if (module->build_id_bytes <= sizeof(id.bytes)) {
		id.count = module->build_id_bytes;
		if (id.count > 0)
			memcpy(id.bytes, module->build_id, id.count);
	}
	bool found = debug_lookup_by_build_id(&files->debug, roots, &id);
	if (!found && files->main.elf)
		found = debug_lookup_by_link(&files->debug, roots, &files->main, module->path);
	struct err err = { "" };
	if (!found && !roots->no_servers)
		found = debug_lookup_by_debuginfod(&files->debug, &id, &err);
	if (err.text[0])
		add_problem(files, err.text);
	if (found && !files->main.elf)
		add_problem(files, "symbols are taken from its separate debug file");
}

/* libdw looks for dwz's file by itself when none was set, without checking that it belongs there
 * and that it is a regular file. Where it would find something that we did not, the DWARF is not
 * used at all: names would be wrong. */
static bool libdw_would_find_alt(const char *of, const char *name)
{
	size_t directory_bytes = name[0] == '/' ? 0 : path_directory_bytes(of);
	char *path = mem_printf("%.*s%s", (int)directory_bytes, of, name);
	struct stat st;
	bool found = stat(path, &st) == 0;
	free(path);
	return found;
}

/* The path that the kernel knows for an open file: libdw works relative to that one. */
static char *path_of(const struct elf_file *file)
{
	char *link = mem_printf("/proc/self/fd/%d", file->fd);
	char *path = realpath(link, NULL);
	free(link);
	return path ? path : mem_strdup("");
}

static Dwarf *begin_dwarf(const struct elf_file *of, struct elf_file *unpacked)
{
	Elf *elf = debug_image_open(unpacked, of->elf) ? unpacked->elf : of->elf;
	return dwarf_begin_elf(elf, DWARF_C_READ, NULL);
}

static bool open_alt(struct module_files *files, const struct elf_file *of,
		     const struct debug_roots *roots)
{
	const char *name;
	const void *bytes;
	ssize_t count = dwelf_dwarf_gnu_debugaltlink(files->dwarf, &name, &bytes);
	if (count <= 0)
		return true; /* it needs none */
	struct elf_build_id id = { .count = 0 };
	if (count <= ELF_BUILD_ID_MAX) {
		id.count = (uint32_t)count;
		memcpy(id.bytes, bytes, id.count);
	}
	char *path = path_of(of);
	bool usable = true;
	if (debug_lookup_alt(&files->alt, roots, path, name, &id))
		files->alt_dwarf = begin_dwarf(&files->alt, &files->unpacked_alt);
	if (files->alt_dwarf) {
		dwarf_setalt(files->dwarf, files->alt_dwarf);
	} else {
		add_problem(files, "the file that dwz moved common debug information to (see "
				   ".gnu_debugaltlink) is missing");
		usable = !libdw_would_find_alt(path, name);
	}
	free(path);
	return usable;
}

static void open_dwarf(struct module_files *files, const struct debug_roots *roots)
{
	const struct elf_file *of = files->debug.elf ? &files->debug : &files->main;
	if (!of->elf || !has_dwarf(of->elf))
		return;
	files->dwarf = begin_dwarf(of, &files->unpacked);
	if (!files->dwarf) {
		add_problem(files, "its debug information cannot be read");
	} else if (!open_alt(files, of, roots)) {
		dwarf_end(files->dwarf);
		files->dwarf = NULL;
	}
}

void module_files_open(struct module_files *files, const struct trace_module *module,
		       const struct debug_roots *roots)
{
	static const struct elf_file closed = ELF_FILE_INIT;
	*files = (struct module_files){ .main = closed,
					.debug = closed,
					.mini = closed,
					.alt = closed,
					.unpacked = closed,
					.unpacked_alt = closed };
	open_main(files, module);
	if (!files->main.elf || !has_dwarf(files->main.elf))
		find_debug(files, module, roots);
	if (files->main.elf && !elf_section_named(files->main.elf, ".symtab"))
		mini_debug_open(&files->mini, files->main.elf);
	open_dwarf(files, roots);
}

void module_files_close(struct module_files *files)
{
	if (files->dwarf)
		dwarf_end(files->dwarf);
	if (files->alt_dwarf)
		dwarf_end(files->alt_dwarf);
	elf_file_close(&files->main);
	elf_file_close(&files->debug);
	elf_file_close(&files->mini);
	elf_file_close(&files->alt);
	elf_file_close(&files->unpacked);
	elf_file_close(&files->unpacked_alt);
	free(files->problem);
	files->problem = NULL;
}

Elf *module_files_code(const struct module_files *files)
{
	return files->main.elf ? files->main.elf : files->debug.elf;
}

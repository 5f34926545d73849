/* link_files.c - see link_files.h.
 *
 * As glibc's _dl_map_object_deps(): a list that begins with the program and what is preloaded, and
 * grows at its end by what each one in turn needs. A name is one that is there already if a module
 * was asked for by it or has it for its DT_SONAME, or if its file is the same. */
#include "link/link_files.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/program.h"
#include "link/library_search.h"
#include "util/mem.h"
#include "util/path.h"

enum {
	MODULES_MAX = 4096, /* a program has some hundreds at most */
	PRELOAD_FILE_MAX_BYTES = 1 << 16,
};

/* What a module is known by, beside what linked.h has. */
struct identity {
	char **names; /* that it was asked for by */
	size_t count, cap;
	dev_t device;
	ino_t inode; /* 0: not found */
};

struct loading {
	struct linked *linked;
	struct allocator_finder *finder;
	struct interpreter interpreter;
	struct library_cache cache;
	struct library_search search;
	uint32_t flags;		     /* of the modules that come next: enum binding_module_flag */
	uint32_t space, last_space;  /* that they come into; the last that there is */
	struct identity *identities; /* by module */
	size_t identity_cap;
};

/* A static PIE has a dynamic section, too, and relocates itself. */
bool link_files_is_dynamic(const struct elf_file *file, bool is_program)
{
	GElf_Phdr segment;
	return elf_segment_of_type(file->elf, is_program ? PT_INTERP : PT_DYNAMIC, &segment);
}

/* ---- modules that are there ---- */

static void add_name(struct identity *id, const char *name)
{
	id->names = mem_grow(id->names, &id->cap, id->count + 1, sizeof(*id->names));
	id->names[id->count++] = mem_strdup(name);
}

static bool has_name(const struct identity *id, const char *name)
{
	for (size_t i = 0; i < id->count; i++)
		if (strcmp(id->names[i], name) == 0)
			return true;
	return false;
}

static bool is_called(const struct loading *g, size_t i, const char *name)
{
	const struct linked_module *m = &g->linked->modules[i];
	if (has_name(&g->identities[i], name))
		return true;
	if (g->interpreter.kind == INTERPRETER_MUSL)
		return false;
	return (i && !m->problem && strcmp(m->path, name) == 0) ||
	       (m->file.soname && strcmp(m->file.soname, name) == 0);
}

static size_t find_called(const struct loading *g, const char *name)
{
	for (size_t i = 0; i < g->linked->count; i++)
		if (g->linked->modules[i].space == g->space && is_called(g, i, name))
			return i;
	return SIZE_MAX;
}

static size_t find_file(const struct loading *g, dev_t device, ino_t inode)
{
	for (size_t i = 0; i < g->linked->count; i++)
		if (inode && g->linked->modules[i].space == g->space &&
		    g->identities[i].inode == inode && g->identities[i].device == device)
			return i;
	return SIZE_MAX;
}

/* ---- one more ---- */

static size_t add_module(struct loading *g, const char *path, size_t wanted_by)
{
	struct linked_module *m = linked_add(g->linked, path);
	m->wanted_by = wanted_by;
	m->space = g->space;
	m->flags = g->flags | BINDING_MODE_KNOWN;
	if (g->flags & BINDING_STARTUP)
		m->flags |= BINDING_ORIGIN_KNOWN;
	if (g->flags & BINDING_STARTUP && wanted_by == SIZE_MAX && g->linked->count > 1)
		m->flags |= BINDING_PRELOADED;
	g->identities =
		mem_grow(g->identities, &g->identity_cap, g->linked->count, sizeof(*g->identities));
	g->identities[g->linked->count - 1] = (struct identity){ NULL, 0, 0, 0, 0 };
	return g->linked->count - 1;
}

/* What ld.so reads by the segments is read by the sections here, which it does not need. */
static void check_sections(struct linked_module *m, const struct elf_file *file)
{
	size_t count = 0;
	struct err err;
	if ((elf_getshdrnum(file->elf, &count) == 0 && count > 1) ||
	    !link_files_is_dynamic(file, false))
		return;
	err_set(&err, "%s has no section headers: what it needs and defines is not known", m->path);
	m->problem = mem_strdup(err.text);
}

static void read_module(struct loading *g, size_t module)
{
	struct elf_file file;
	struct err err;
	struct linked_module *m = &g->linked->modules[module];
	if (elf_file_open(&file, m->path, &err) < 0) {
		m->problem = mem_strdup(err.text);
		return;
	}
	g->identities[module].device = file.device;
	g->identities[module].inode = file.inode;
	linked_read_file(g->linked, module, &file, g->finder);
	check_sections(m, &file);
	elf_file_close(&file);
}

static void add_missing(struct loading *g, const char *name, size_t wanted_by, char *problem)
{
	const size_t module = add_module(g, name, wanted_by);
	g->linked->modules[module].problem = problem ? problem : mem_strdup("not found");
	add_name(&g->identities[module], name);
}

/* The dynamic linker is there before it is looked for. */
static bool find_loader(struct loading *g, const char *name, struct library_file *file)
{
	const bool is_it =
		g->interpreter.kind == INTERPRETER_MUSL
			? interpreter_is_musl_libc(name) || strcmp(name, g->interpreter.path) == 0
			: strcmp(name, g->interpreter.path) == 0 ||
				  strcmp(path_name(g->interpreter.path), name) == 0;
	if (!is_it || g->interpreter.is_missing)
		return false;
	*file = (struct library_file){ mem_strdup(g->interpreter.path), LINKED_NAMED, NULL };
	return true;
}

static void add_found(struct loading *g, const char *name, size_t wanted_by,
		      const struct library_file *file)
{
	struct stat st = { 0 };
	size_t module = stat(file->path, &st) == 0 ? find_file(g, st.st_dev, st.st_ino) : SIZE_MAX;
	if (module == SIZE_MAX) {
		module = add_module(g, file->path, wanted_by);
		g->linked->modules[module].found_by = file->found_by;
		read_module(g, module);
	}
	add_name(&g->identities[module], name);
}

static void need(struct loading *g, const char *name, size_t wanted_by, bool from_program)
{
	struct library_file file = { NULL, LINKED_NOT_FOUND, NULL };
	const size_t there = find_called(g, name);
	if (there != SIZE_MAX || g->linked->count >= MODULES_MAX)
		return;
	if (!find_loader(g, name, &file))
		library_find(&g->search, from_program ? 0 : wanted_by, name, &file);
	if (!file.path || file.problem)
		add_missing(g, name, wanted_by, file.problem);
	else
		add_found(g, name, wanted_by, &file);
	free(file.path);
}

/* ---- what is preloaded ---- */

/* A program that gives rights takes only what its owner has marked, by its name alone. */
static bool may_preload(struct loading *g, const char *name)
{
	struct library_file file;
	struct stat st;
	if (!g->search.secure)
		return true;
	if (strchr(name, '/') || !library_find(&g->search, 0, name, &file))
		return false;
	const bool may = !file.problem && stat(file.path, &st) == 0 && st.st_mode & S_ISUID;
	free(file.path);
	free(file.problem);
	return may;
}

static void preload_list(struct loading *g, const char *list, const char *separators, bool trusted)
{
	char *copy = mem_strdup(list), *rest = NULL;
	for (char *one = strtok_r(copy, separators, &rest); one;
	     one = strtok_r(NULL, separators, &rest))
		if (trusted || may_preload(g, one))
			need(g, one, SIZE_MAX, true);
	free(copy);
}

static void preload_file(struct loading *g)
{
	struct err err;
	int fd = elf_open_regular("/etc/ld.so.preload", &err);
	if (fd < 0)
		return;
	char *text = mem_zalloc(PRELOAD_FILE_MAX_BYTES, 1);
	if (read(fd, text, PRELOAD_FILE_MAX_BYTES - 1) > 0) {
		/* From a '#' to the end of the line is a comment. */
		for (char *at = strchr(text, '#'); at; at = strchr(at, '#'))
			memset(at, ' ', strcspn(at, "\n"));
		preload_list(g, text, ": \t\n", true);
	}
	free(text);
	close(fd);
}

static void preload(struct loading *g, const struct link_environment *env)
{
	if (env->preload)
		preload_list(g, env->preload,
			     g->interpreter.kind == INTERPRETER_MUSL ? ": \t\n" : ": ", false);
	if (g->interpreter.kind != INTERPRETER_MUSL)
		preload_file(g);
}

/* ---- what is opened later ---- */

/* From a module on, all that is there needs: at the list's end, until nothing new comes. */
static void need_all(struct loading *g, size_t from)
{
	const struct linked *l = g->linked;
	for (size_t i = from; i < l->count; i++)
		for (size_t k = 0; k < l->modules[i].file.needed_count; k++)
			need(g, l->modules[i].file.needed[k], i, false);
}

/* What is there already is not opened again, and keeps its place in the order; in a namespace of
 * its own nothing is there. */
static void open_later(struct loading *g, const struct link_opening *opening)
{
	const size_t from = g->linked->count;
	g->flags = 0;
	g->space = opening->new_space ? ++g->last_space : 0;
	need(g, opening->name, SIZE_MAX, true);
	if (g->linked->count == from)
		return;
	g->linked->modules[from].flags |= BINDING_OPENED | opening->flags;
	need_all(g, from);
}

/* ---- the whole ---- */

static char *read_interpreter(const struct elf_file *file)
{
	enum { PATH_MAX_BYTES = 4096 };
	char text[PATH_MAX_BYTES] = "";
	GElf_Phdr segment;
	if (!elf_segment_of_type(file->elf, PT_INTERP, &segment))
		return NULL;
	size_t bytes = segment.p_filesz < sizeof(text) ? segment.p_filesz : sizeof(text) - 1;
	bytes = elf_file_read(file, segment.p_offset, text, bytes);
	text[bytes < sizeof(text) ? bytes : sizeof(text) - 1] = '\0';
	return *text ? mem_strdup(text) : NULL;
}

static void read_rights(struct linked *l, struct library_search *search)
{
	struct program_info info;
	struct err err;
	/* Only of a file: no program is looked for along PATH. */
	if (!strchr(l->name, '/') || program_inspect(l->name, &info, &err) != 0)
		return;
	if (info.script_count == 0 && (info.setuid || info.setgid || info.file_capabilities)) {
		l->modules[0].marks |= LINKED_SETUID;
		search->secure = true;
	}
	program_info_release(&info);
}

static void begin(struct loading *g, const struct elf_file *file, const char *path,
		  const struct link_environment *env)
{
	GElf_Ehdr ehdr = { 0 };
	struct linked *l = g->linked;
	gelf_getehdr(file->elf, &ehdr);
	l->origin = LINKED_FILES;
	l->name = mem_strdup(path);
	l->machine = ehdr.e_machine;
	l->bits = ehdr.e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 64;
	l->interpreter = read_interpreter(file);
	add_module(g, path, SIZE_MAX);
	l->modules[0].found_by = LINKED_NAMED;
	g->identities[0].device = file->device;
	g->identities[0].inode = file->inode;
	linked_read_file(l, 0, file, g->finder);
	check_sections(&l->modules[0], file);
	interpreter_read(&g->interpreter, l->interpreter, l->machine, l->bits);
	library_cache_open(&g->cache, g->interpreter.cache ? g->interpreter.cache : "");
	g->search = (struct library_search){ .linked = l,
					     .loader = &g->interpreter,
					     .cache = &g->cache,
					     .library_path = env->library_path };
	hwcaps_read(g->search.hwcaps, l->machine, l->bits);
	read_rights(l, &g->search);
}

static void release(struct loading *g)
{
	for (size_t i = 0; i < g->linked->count; i++) {
		for (size_t k = 0; k < g->identities[i].count; k++)
			free(g->identities[i].names[k]);
		free(g->identities[i].names);
	}
	free(g->identities);
	library_cache_close(&g->cache);
	interpreter_release(&g->interpreter);
}

int linked_from_files(struct linked *l, const char *path, const struct link_environment *env,
		      struct allocator_finder *finder, struct err *err)
{
	struct elf_file file;
	struct loading g = { .linked = l, .finder = finder, .flags = BINDING_STARTUP };
	memset(l, 0, sizeof(*l));
	if (elf_file_open(&file, path, err) < 0)
		return -1;
	begin(&g, &file, path, env);
	elf_file_close(&file);
	preload(&g, env);
	need_all(&g, 0);
	for (size_t i = 0; i < env->opening_count; i++)
		open_later(&g, &env->openings[i]);
	for (size_t i = 0; g.interpreter.kind == INTERPRETER_MUSL && i < l->count; i++)
		l->modules[i].flags |= BINDING_MUSL;
	l->lacks_interpreter = g.interpreter.is_missing;
	linked_bind(l);
	release(&g);
	return 0;
}

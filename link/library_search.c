/* library_search.c - see library_search.h.
 *
 * glibc (elf/dl-load.c): DT_RPATH of the module that needs it, of the one that needs that, ..., of
 * the program, if the first has no DT_RUNPATH; LD_LIBRARY_PATH; DT_RUNPATH of the first; the cache;
 * the default directories. musl (ldso/dynlink.c): LD_LIBRARY_PATH; both of them of the first and
 * all above; its list of directories.
 *
 * Files of another class or machine are passed over. What is no ELF file at all ends the search, as
 * it does in glibc. */
#include "link/library_search.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/elf_file.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/strbuf.h"

struct finding {
	const struct library_search *search;
	const char *name;
	struct library_file *out;
};

/* ---- one file ---- */

enum verdict { NOT_IT, TAKEN, FATAL };

static bool fits(const struct linked *l, const unsigned char *header)
{
	uint16_t machine;
	memcpy(&machine, header + 18, sizeof(machine));
	if (header[EI_DATA] != ELFDATA2LSB)
		machine = (uint16_t)(machine >> 8 | machine << 8);
	return header[EI_CLASS] == (l->bits == 32 ? ELFCLASS32 : ELFCLASS64) &&
	       machine == l->machine;
}

static enum verdict judge(const struct finding *f, const char *path)
{
	enum { HEADER_BYTES = 20 };
	unsigned char header[HEADER_BYTES] = { 0 };
	struct stat st;
	struct err err;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return NOT_IT;
	int fd = elf_open_regular(path, &err);
	if (fd < 0)
		return NOT_IT;
	ssize_t got = pread(fd, header, sizeof(header), 0);
	close(fd);
	if (got < HEADER_BYTES || memcmp(header, ELFMAG, SELFMAG) != 0) {
		if (f->search->loader->kind == INTERPRETER_MUSL)
			return NOT_IT;
		err_set(&err, "%s: no ELF file, at which ld.so gives up", path);
		f->out->problem = mem_strdup(err.text);
		return FATAL;
	}
	return fits(f->search->linked, header) ? TAKEN : NOT_IT;
}

/* Whether the search is over. */
static bool try_path(const struct finding *f, const char *path, enum linked_found by)
{
	const enum verdict verdict = judge(f, path);
	if (verdict == NOT_IT)
		return false;
	f->out->path = mem_strdup(path);
	f->out->found_by = by;
	return true;
}

/* ---- a directory ---- */

static bool try_below(const struct finding *f, const char *directory, const char *below,
		      enum linked_found by)
{
	struct strbuf path = STRBUF_INIT;
	strbuf_adds(&path, directory);
	if (path.len && path.text[path.len - 1] != '/')
		strbuf_addc(&path, '/');
	strbuf_addf(&path, "%s%s", below, f->name);
	const bool over = try_path(f, path.text, by);
	strbuf_release(&path);
	return over;
}

/* tls/haswell/x86_64/, tls/haswell/, ..., x86_64/: all choices of these, in their order. */
static bool try_legacy(const struct finding *f, const char *directory, enum linked_found by)
{
	const char *platform = f->search->loader->platform;
	const char *parts[3] = { "x86_64", platform ? platform : "x86_64", "tls" };
	bool over = false;
	for (unsigned mask = 7; mask && !over; mask--) {
		struct strbuf below = STRBUF_INIT;
		for (unsigned i = 3; i-- > 0;)
			if (mask >> i & 1)
				strbuf_addf(&below, "%s/", parts[i]);
		over = try_below(f, directory, below.text, by);
		strbuf_release(&below);
	}
	return over;
}

static bool try_directory(const struct finding *f, const char *directory, enum linked_found by)
{
	const struct library_search *s = f->search;
	struct stat st;
	bool over = false;
	/* Most lists are of directories that are not there. */
	if (stat(directory, &st) < 0)
		return false;
	if (s->loader->kind == INTERPRETER_MUSL)
		return try_below(f, directory, "", by);
	for (size_t i = 0; s->hwcaps[i] && !over; i++) {
		struct strbuf below = STRBUF_INIT;
		strbuf_addf(&below, "glibc-hwcaps/%s/", s->hwcaps[i]);
		over = try_below(f, directory, below.text, by);
		strbuf_release(&below);
	}
	if (!over && s->loader->has_legacy_hwcaps && s->linked->machine == EM_X86_64)
		over = try_legacy(f, directory, by);
	return over || try_below(f, directory, "", by);
}

/* ---- lists ---- */

/* The directory of the module; of the program where its links lead. */
static bool add_origin(struct strbuf *out, const struct library_search *s, size_t module)
{
	char resolved[PATH_MAX];
	const char *path = s->linked->modules[module].path;
	if (module == 0 && realpath(path, resolved))
		path = resolved;
	const size_t bytes = path_directory_bytes(path);
	if (path[0] != '/') {
		char here[PATH_MAX];
		if (!getcwd(here, sizeof(here)))
			return false;
		strbuf_adds(out, here);
		if (bytes)
			strbuf_addc(out, '/');
	}
	/* Without its last slash, but for the root. */
	strbuf_add(out, path, bytes > 1 ? bytes - 1 : bytes);
	return true;
}

/* The bytes of "$NAME" or "${NAME}" at `at`; 0: it is not there. */
static size_t token_bytes(const char *at, const char *name)
{
	const size_t bytes = strlen(name);
	if (strncmp(at, name, bytes) == 0)
		return 1 + bytes;
	if (*at == '{' && strncmp(at + 1, name, bytes) == 0 && at[1 + bytes] == '}')
		return bytes + 3;
	return 0;
}

/* Adds the text with $ORIGIN, $LIB and $PLATFORM replaced; false: it cannot be. */
static bool expand(struct strbuf *out, const struct library_search *s, size_t module,
		   const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t bytes;
		if (text[i] != '$') {
			strbuf_addc(out, text[i]);
		} else if ((bytes = token_bytes(text + i + 1, "ORIGIN"))) {
			if (!add_origin(out, s, module))
				return false;
			i += bytes - 1;
		} else if (s->loader->kind != INTERPRETER_MUSL &&
			   (bytes = token_bytes(text + i + 1, "LIB"))) {
			strbuf_adds(out, s->loader->lib);
			i += bytes - 1;
		} else if (s->loader->kind != INTERPRETER_MUSL &&
			   (bytes = token_bytes(text + i + 1, "PLATFORM"))) {
			if (!s->loader->platform)
				return false;
			strbuf_adds(out, s->loader->platform);
			i += bytes - 1;
		} else {
			strbuf_addc(out, text[i]);
		}
	}
	return true;
}

/* What a program that gives rights may take $ORIGIN for: a directory below a default one. */
static bool is_trusted(const struct library_search *s, const char *directory)
{
	char resolved[PATH_MAX + 1];
	if (!realpath(directory, resolved))
		return false;
	strcat(resolved, strcmp(resolved, "/") ? "/" : "");
	for (size_t i = 0; i < s->loader->directory_count; i++)
		if (strncmp(resolved, s->loader->directories[i],
			    strlen(s->loader->directories[i])) == 0)
			return true;
	return false;
}

static bool try_list(const struct finding *f, const char *list, const char *separators,
		     size_t module, enum linked_found by)
{
	bool over = false;
	for (const char *at = list; list && !over;) {
		const size_t bytes = strcspn(at, separators);
		struct strbuf directory = STRBUF_INIT;
		const bool moved = memchr(at, '$', bytes) != NULL;
		if (expand(&directory, f->search, module, at, bytes) &&
		    !(moved && f->search->secure && !is_trusted(f->search, directory.text)))
			over = try_directory(f, directory.len ? directory.text : "./", by);
		strbuf_release(&directory);
		if (!at[bytes])
			break;
		at += bytes + 1;
	}
	return over;
}

/* ---- the order ---- */

/* Who brought the module: what was preloaded counts as the program's. */
static size_t brought_by(const struct linked *l, size_t module)
{
	const size_t by = l->modules[module].wanted_by;
	return by < module ? by : 0;
}

static bool try_run_path(const struct finding *f, size_t module, bool rpath)
{
	const struct bindings *file = &f->search->linked->modules[module].file;
	if (!file->runpath || !(file->flags & BINDINGS_RPATH) != !rpath)
		return false;
	return try_list(f, file->runpath, ":", module, rpath ? LINKED_BY_RPATH : LINKED_BY_RUNPATH);
}

static bool try_above(const struct finding *f, size_t module, bool runpath_too)
{
	for (;; module = brought_by(f->search->linked, module)) {
		if (try_run_path(f, module, true) ||
		    (runpath_too && try_run_path(f, module, false)))
			return true;
		if (module == 0)
			return false;
	}
}

static bool has_runpath(const struct bindings *file)
{
	return file->runpath && !(file->flags & BINDINGS_RPATH);
}

static bool is_below_default(const struct interpreter *loader, const char *path)
{
	for (size_t i = 0; i < loader->directory_count; i++) {
		const size_t bytes = strlen(loader->directories[i]);
		if (strncmp(path, loader->directories[i], bytes) == 0 && !strchr(path + bytes, '/'))
			return true;
	}
	return false;
}

static bool try_cache(const struct finding *f, bool no_defaults)
{
	const struct library_search *s = f->search;
	const char *path = library_cache_find(s->cache, f->name, s->loader->cache_id, s->hwcaps);
	if (!path || (no_defaults && is_below_default(s->loader, path)))
		return false;
	return try_path(f, path, LINKED_BY_CACHE);
}

static bool try_defaults(const struct finding *f)
{
	const struct interpreter *loader = f->search->loader;
	for (size_t i = 0; i < loader->directory_count; i++)
		if (try_directory(f, loader->directories[i], LINKED_BY_DEFAULT))
			return true;
	return false;
}

static bool find_plain(const struct finding *f, size_t wanted_by)
{
	const struct library_search *s = f->search;
	const struct bindings *file = &s->linked->modules[wanted_by].file;
	const bool no_defaults = file->flags & BINDINGS_NO_DEFAULTS;
	const char *environment = s->secure ? NULL : s->library_path;
	if (environment && !*environment)
		environment = NULL;
	if (s->loader->kind == INTERPRETER_MUSL)
		return try_list(f, environment, ":\n", 0, LINKED_BY_ENVIRONMENT) ||
		       try_above(f, wanted_by, true) || try_defaults(f);
	return (!has_runpath(file) && try_above(f, wanted_by, false)) ||
	       try_list(f, environment, ":;", 0, LINKED_BY_ENVIRONMENT) ||
	       try_run_path(f, wanted_by, false) || try_cache(f, no_defaults) ||
	       (!no_defaults && try_defaults(f));
}

bool library_find(const struct library_search *search, size_t wanted_by, const char *name,
		  struct library_file *out)
{
	const struct finding f = { search, name, out };
	*out = (struct library_file){ NULL, LINKED_NOT_FOUND, NULL };
	if (!strchr(name, '/'))
		return find_plain(&f, wanted_by);
	struct strbuf path = STRBUF_INIT;
	const bool found = expand(&path, search, wanted_by, name, strlen(name)) &&
			   try_path(&f, path.text, LINKED_NAMED);
	strbuf_release(&path);
	return found;
}

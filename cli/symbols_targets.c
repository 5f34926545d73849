/* symbols_targets.c - see symbols_targets.h. */
#include "cli/symbols_targets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/output.h"
#include "elf/program.h"
#include "link/diagnosis.h"
#include "symbol/module_allocators.h"
#include "util/mem.h"

void symbols_targets_init(struct symbols_targets *t)
{
	*t = (struct symbols_targets){ .survey = SURVEY_INIT, .finder = allocator_finder_new() };
}

void symbols_targets_release(struct symbols_targets *t)
{
	for (size_t i = 0; i < t->program_count; i++) {
		linked_release(t->programs[i]);
		free(t->programs[i]);
	}
	free(t->programs);
	allocator_finder_free(t->finder);
	survey_release(&t->survey);
}

struct linked *symbols_targets_add(struct symbols_targets *t)
{
	t->programs = mem_grow(t->programs, &t->program_cap, t->program_count + 1,
			       sizeof(struct linked *));
	struct linked *l = mem_zalloc(1, sizeof(*l));
	t->programs[t->program_count++] = l;
	return l;
}

void symbols_targets_take_back(struct symbols_targets *t)
{
	free(t->programs[--t->program_count]);
}

/* ---- files ---- */

/* Whether the dynamic linker has something to do with it. */
static bool is_dynamic(const struct survey_file *f)
{
	struct elf_file file;
	struct err err;
	if (f->problem || (f->kind != SURVEY_PROGRAM && f->kind != SURVEY_LIBRARY) ||
	    elf_file_open(&file, f->path, &err) < 0)
		return false;
	const bool is = link_files_is_dynamic(&file, f->kind == SURVEY_PROGRAM);
	elf_file_close(&file);
	return is;
}

static void link_file(struct symbols_targets *t, const char *path,
		      const struct link_environment *env)
{
	struct err err;
	struct linked *l = symbols_targets_add(t);
	if (linked_from_files(l, path, env, t->finder, &err) == 0)
		return;
	say("%s", err.text);
	t->failed = true;
	symbols_targets_take_back(t);
}

/* A line for each: of a thousand files nobody wants a page each. */
static bool wants_bindings(const struct symbols_targets *t, size_t file, bool all)
{
	const struct survey_file *f = &t->survey.files[file];
	return f->is_named && (all || t->survey.count == 1) && is_dynamic(f);
}

/* The file to look at for what was named: of a script its interpreter, of a word that is no file a
 * program in PATH. The caller frees it. */
static char *file_of(const char *path)
{
	struct program_info info;
	struct err err;
	struct stat st;
	char *file = NULL, start[2] = "";
	const bool is_there = stat(path, &st) == 0;
	if (is_there && S_ISREG(st.st_mode)) {
		const int fd = elf_open_regular(path, &err);
		if (fd >= 0 && pread(fd, start, sizeof(start), 0) < 0)
			start[0] = '\0';
		if (fd >= 0)
			close(fd);
	}
	const bool is_script = start[0] == '#' && start[1] == '!';
	if (!is_script && (is_there || strchr(path, '/')))
		return mem_strdup(path);
	/* A name without a slash would be looked for in PATH. */
	char *asked = is_script && !strchr(path, '/') ? mem_printf("./%s", path) : mem_strdup(path);
	const int code = program_inspect(asked, &info, &err);
	free(asked);
	if (code != 0)
		return mem_strdup(path);
	file = mem_strdup(info.path);
	if (info.script_count)
		say("%s is a script: what follows is of %s, which runs it", path, file);
	program_info_release(&info);
	return file;
}

void symbols_targets_files(struct symbols_targets *t, char *const *paths, int count,
			   const struct link_environment *env, bool all_bindings)
{
	struct progress progress;
	for (int i = 0; i < count; i++) {
		char *file = file_of(paths[i]);
		survey_add(&t->survey, file);
		free(file);
	}
	progress_begin(&progress, "looking at files");
	survey_run(&t->survey, progress_step, &progress);
	for (size_t i = 0; i < t->survey.count; i++)
		if (wants_bindings(t, i, all_bindings))
			link_file(t, t->survey.files[i].path, env);
	progress_end(&progress);
	for (size_t i = 0; i < t->survey.count; i++)
		if (t->survey.files[i].problem) {
			say("%s", t->survey.files[i].problem);
			t->failed = true;
		}
}

/* ---- all ---- */

void symbols_targets_diagnose(struct symbols_targets *t, const char *tunables)
{
	for (size_t i = 0; i < t->program_count; i++) {
		struct linked *l = t->programs[i];
		/* A program that gives rights does not get them. */
		const bool is_secure = l->count && l->modules[0].marks & LINKED_SETUID;
		const struct static_tls_tunables read =
			static_tls_tunables_read(is_secure ? NULL : tunables);
		diagnose(l, &read);
	}
}

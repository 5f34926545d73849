/* linked_words.c - see linked_report.h. */
#include <string.h>

#include "link/link_words.h"
#include "report/linked_report.h"
#include "util/path.h"

const char *linked_reason_words(const struct linked *l, enum binding_reason reason)
{
	switch (reason) {
	case BINDING_NOT_FOUND:
		return "nothing defines it";
	case BINDING_BY_FILE:
		return "its own: hidden or protected";
	case BINDING_BY_SYMBOLIC:
		return "its own: linked with -Bsymbolic";
	case BINDING_BY_PROGRAM:
		return linked_is_program(l) ? "the program itself is searched first"
					    : "the library itself, as nothing comes before it here";
	case BINDING_BY_PRELOAD:
		return "preloaded, searched right after the program";
	case BINDING_BY_NEEDED:
		return "first that defines it in the order of DT_NEEDED";
	case BINDING_BY_GLOBAL_OPEN:
		return "opened with RTLD_GLOBAL";
	case BINDING_BY_OPEN:
		return "came with the same dlopen()";
	case BINDING_BY_DEEPBIND:
		return "opened with RTLD_DEEPBIND, so searched before the program";
	case BINDING_BY_SPACE:
		return "in the same namespace (dlmopen())";
	}
	return "not known";
}

const char *linked_reason_key(enum binding_reason reason)
{
	static const char *const keys[] = {
		[BINDING_NOT_FOUND] = "not_found",   [BINDING_BY_FILE] = "own",
		[BINDING_BY_SYMBOLIC] = "symbolic",  [BINDING_BY_PROGRAM] = "program",
		[BINDING_BY_PRELOAD] = "preload",    [BINDING_BY_NEEDED] = "needed",
		[BINDING_BY_GLOBAL_OPEN] = "global", [BINDING_BY_OPEN] = "local",
		[BINDING_BY_DEEPBIND] = "deepbind",  [BINDING_BY_SPACE] = "namespace",
	};
	return keys[reason];
}

const char *linked_found_words(enum linked_found found)
{
	static const char *const words[] = {
		[LINKED_NOT_FOUND] = "not found",
		[LINKED_NAMED] = "by its path",
		[LINKED_BY_RPATH] = "by DT_RPATH",
		[LINKED_BY_ENVIRONMENT] = "by LD_LIBRARY_PATH",
		[LINKED_BY_RUNPATH] = "by DT_RUNPATH",
		[LINKED_BY_CACHE] = "by ld.so.cache",
		[LINKED_BY_DEFAULT] = "in a default directory",
		[LINKED_IN_PROCESS] = "in the process",
	};
	return words[found];
}

const char *linked_found_key(enum linked_found found)
{
	static const char *const keys[] = {
		[LINKED_NOT_FOUND] = "not_found", [LINKED_NAMED] = "path",
		[LINKED_BY_RPATH] = "rpath",	  [LINKED_BY_ENVIRONMENT] = "library_path",
		[LINKED_BY_RUNPATH] = "runpath",  [LINKED_BY_CACHE] = "cache",
		[LINKED_BY_DEFAULT] = "default",  [LINKED_IN_PROCESS] = "process",
	};
	return keys[found];
}

void linked_add_function(struct strbuf *out, const char *symbol)
{
	struct strbuf words = STRBUF_INIT;
	binding_add_function(&words, symbol);
	strbuf_add_escaped(out, words.text);
	strbuf_release(&words);
}

const char *linked_module_name(const struct linked_module *m)
{
	return path_name(m->path);
}

void linked_add_allocator(struct strbuf *out, const struct allocator *is)
{
	struct strbuf words = STRBUF_INIT;
	link_add_allocator(&words, is);
	strbuf_add_escaped(out, words.text);
	strbuf_release(&words);
}

void linked_add_bold(struct strbuf *out, const struct linked_style *style, bool on)
{
	if (style->color)
		strbuf_adds(out, on ? "\033[1m" : "\033[0m");
}

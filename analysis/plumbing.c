/* plumbing.c - see plumbing.h. Short lists of what is certain: a function that is wrongly left out
 * of sight costs more than one that is shown too many. */
#include "analysis/plumbing.h"

#include <stddef.h>
#include <string.h>

#include "base/compiler.h"
#include "util/path.h"

/* Beginnings of file names. */
static const char *const modules[] = {
	"libc.so",    "libc-2.",      "ld-linux",  "ld-2.",	   "ld-musl",
	"libc.musl",  "libstdc++.so", "libc++.so", "libc++abi.so", "libgcc_s.so",
	"libpthread", "libdl.so",     "libm.so",
};

/* Beginnings of names, after the return type of a template and "<" of a Rust path. */
static const char *const beginnings[] = {
	"std::",
	"__gnu_cxx::",
	"operator new",
	"boost::container::",
	"absl::container_internal::",
	"alloc::",
	"core::",
	"hashbrown::",
	"__rust_",
	"__rustc::__rust_",
	"__rdl_",
	"__rg_",
	"alloctrace_pool_",
};

static const char *const wrappers[] = {
	/* GNU programs, git */
	"xmalloc",
	"xcalloc",
	"xrealloc",
	"xstrdup",
	"xstrndup",
	"xzalloc",
	"xmemdup",
	"xreallocarray",
	"x2realloc",
	"x2nrealloc",
	"xnmalloc",
	"xmallocz",
	"do_xmalloc",
	"do_xmallocz",
	"ximalloc",
	"xirealloc",
	"xpalloc",
	/* GLib */
	"g_malloc",
	"g_malloc0",
	"g_malloc_n",
	"g_malloc0_n",
	"g_realloc",
	"g_realloc_n",
	"g_try_malloc",
	"g_try_realloc",
	"g_slice_alloc",
	"g_slice_alloc0",
	"g_strdup",
	"g_strndup",
	"g_memdup",
	"g_memdup2",
	/* CPython */
	"PyMem_Malloc",
	"PyMem_Realloc",
	"PyMem_Calloc",
	"PyMem_RawMalloc",
	"PyMem_RawRealloc",
	"PyMem_RawCalloc",
	"_PyMem_RawMalloc",
	"_PyMem_RawRealloc",
	"_PyMem_RawCalloc",
	"PyObject_Malloc",
	"PyObject_Realloc",
	"PyObject_Calloc",
	"_PyObject_Malloc",
	"_PyObject_Realloc",
	"_PyObject_Calloc",
	"pymalloc_alloc",
	/* Redis */
	"zmalloc",
	"zcalloc",
	"zrealloc",
	"zstrdup",
	"ztrymalloc",
	"ztrymalloc_usable",
	"ztrymalloc_usable_internal",
	"zmalloc_usable",
	"zcalloc_num",
	/* OpenSSL */
	"CRYPTO_malloc",
	"CRYPTO_zalloc",
	"CRYPTO_realloc",
	"CRYPTO_strdup",
	"CRYPTO_strndup",
	"CRYPTO_memdup",
	/* perl, Ruby, SQLite, jq */
	"Perl_safesysmalloc",
	"Perl_safesysrealloc",
	"Perl_safesyscalloc",
	"ruby_xmalloc",
	"ruby_xmalloc2",
	"ruby_xcalloc",
	"ruby_xrealloc",
	"sqlite3MemMalloc",
	"sqlite3MemRealloc",
	"sqlite3Malloc",
	"sqlite3Realloc",
	"sqlite3_malloc",
	"sqlite3_malloc64",
	"sqlite3_realloc64",
	"mallocWithAlarm",
	"jv_mem_alloc",
	"jv_mem_realloc",
	"jv_mem_calloc",
	"jv_mem_strdup",
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

bool plumbing_module(const char *path)
{
	const char *name = path_name(path);
	for (size_t i = 0; i < AT_COUNT_OF(modules); i++)
		if (begins(name, modules[i]))
			return true;
	return false;
}

/* "void std::vector<int>::push_back(int)" -> "std::vector...": what stands before the last space
 * outside of brackets is a return type. */
static const char *skip_return_type(const char *name)
{
	const char *start = name;
	int depth = 0;
	for (const char *p = name; *p && *p != '(' && !begins(p, "operator"); p++) {
		if (*p == '<')
			depth++;
		else if (*p == '>')
			depth--;
		else if (*p == ' ' && depth == 0)
			start = p + 1;
	}
	return start;
}

/* "<alloc::string::String as Clone>::clone" -> "alloc::string...", but "<T as alloc::Make>::make"
 * -> "alloc::Make...": a type parameter belongs to nobody. */
static const char *skip_rust_brackets(const char *path)
{
	path += strspn(path, "<&");
	size_t len = strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	return len > 0 && begins(path + len, " as ") ? path + len + 4 : path;
}

bool plumbing_function(const char *name)
{
	if (begins(name, "operator new"))
		return true;
	const char *path = skip_rust_brackets(skip_return_type(name));
	for (size_t i = 0; i < AT_COUNT_OF(beginnings); i++)
		if (begins(path, beginnings[i]))
			return true;
	for (size_t i = 0; i < AT_COUNT_OF(wrappers); i++)
		if (strcmp(name, wrappers[i]) == 0)
			return true;
	return false;
}

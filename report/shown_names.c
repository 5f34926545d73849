/* shown_names.c - see shown_names.h. */
#include "report/shown_names.h"

#include <fnmatch.h>
#include <string.h>

#include "symbol/demangle.h"
#include "util/path.h"
#include "util/strbuf.h"

static bool is_one_of(const char *const *patterns, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(patterns[i], text, 0) == 0)
			return true;
	return false;
}

bool shown_symbol(const struct shown_names *names, const char *symbol)
{
	if (!names || !names->symbol_count ||
	    is_one_of(names->symbols, names->symbol_count, symbol))
		return true;
	/* Only operators: of a large program's hundred thousand names it would take seconds. */
	if (strncmp(symbol, "_Zn", 3) != 0 && strncmp(symbol, "_Zd", 3) != 0)
		return false;
	struct strbuf plain = STRBUF_INIT;
	bool shown = demangle(symbol, &plain) &&
		     is_one_of(names->symbols, names->symbol_count, plain.text);
	strbuf_release(&plain);
	return shown;
}

bool shown_module(const struct shown_names *names, const char *path)
{
	return !names || !names->module_count ||
	       is_one_of(names->modules, names->module_count, path) ||
	       is_one_of(names->modules, names->module_count, path_name(path));
}

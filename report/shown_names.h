/* shown_names.h - which symbols and modules the user wants to see: --symbol and --module. */
#ifndef ALLOCTRACE_REPORT_SHOWN_NAMES_H
#define ALLOCTRACE_REPORT_SHOWN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Shell patterns; of no pattern at all everything is shown. The strings are the caller's. */
struct shown_names {
	const char *const *symbols;
	size_t symbol_count;
	const char *const *modules;
	size_t module_count;
};

/* By its name in the file or, of C++, by what people write: "operator new*". names may be NULL. */
bool shown_symbol(const struct shown_names *names, const char *symbol);
/* By its path or its last part. */
bool shown_module(const struct shown_names *names, const char *path);

#endif

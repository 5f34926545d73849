/* module_operators.h - whether a module has C++ operators new or delete of its own.
 *
 * Exported, hidden, or in a C++ runtime that was linked into it and stripped. Calls of such ones
 * are not seen as what they are: operator new may be seen as the malloc that it calls. */
#ifndef ALLOCTRACE_SYMBOL_MODULE_OPERATORS_H
#define ALLOCTRACE_SYMBOL_MODULE_OPERATORS_H

#include <stdbool.h>

#include "trace/trace.h"

struct operators_finder;

struct operators_finder *operators_finder_new(void);
void operators_finder_free(struct operators_finder *finder);

struct module_operators {
	bool some;
	bool exported; /* some of them: they may serve other modules */
	/* It has no symbols, and uses operators delete but no new, or the other way round: one of
	 * its own may have been inlined everywhere. */
	bool lacks_new, lacks_delete;
};

/* By the module's file, if it is the one that was traced; none if it is not. */
struct module_operators module_operators_find(struct operators_finder *finder,
					      const struct trace_module *module);
/* Whether code of the module that seems to have called malloc, or free, may have called one of its
 * own operators that did it. */
bool module_may_make(const struct module_operators *o);
bool module_may_release(const struct module_operators *o);

#endif

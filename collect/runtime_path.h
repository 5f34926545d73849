/* runtime_path.h - where liballoctrace.so is. */
#ifndef ALLOCTRACE_COLLECT_RUNTIME_PATH_H
#define ALLOCTRACE_COLLECT_RUNTIME_PATH_H

#include "util/err.h"

#define RUNTIME_NAME "liballoctrace.so"

/* The absolute path of the runtime that belongs to this tool: $ALLOCTRACE_RUNTIME; that of the
 * build tree when the tool is run from there; the installed one, also below another root (DESTDIR)
 * or after the whole tree was moved. The caller frees it; NULL with the error. */
char *runtime_path_find(struct err *err);

#endif

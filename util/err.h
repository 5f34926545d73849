/* err.h - how the tool's modules report a failure to their caller.
 *
 * A function that can fail takes a `struct err *`, returns 0 or a negative code and fills in the
 * text: what happened, on which file or process, why, what to do next. Only cli/ prints it or
 * exits. Not used inside the traced process. */
#ifndef ALLOCTRACE_UTIL_ERR_H
#define ALLOCTRACE_UTIL_ERR_H

#include "base/compiler.h"

enum { ERR_TEXT_BYTES = 1024 };

struct err {
	char text[ERR_TEXT_BYTES]; /* "" when there is nothing to say; always terminated */
};

/* Replaces the text; control characters and bytes that are no UTF-8 are escaped, because names
 * in it come from traces and files. Always returns -1, for `return err_set(...)`. err may be
 * NULL. */
int err_set(struct err *err, const char *fmt, ...) AT_PRINTF(2, 3);
/* The same with ": strerror(errno)" added. */
int err_set_errno(struct err *err, const char *fmt, ...) AT_PRINTF(2, 3);
/* Puts "what: " before the text that is there. Always returns -1. */
int err_prefix(struct err *err, const char *what);

#endif

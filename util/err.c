/* err.c - see err.h. */
#include "util/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/strbuf.h"

/* With ": reason" behind it, if there is one. */
AT_PRINTF(3, 0) static void set(struct err *err, const char *reason, const char *fmt, va_list args)
{
	char raw[ERR_TEXT_BYTES];
	struct strbuf clean = STRBUF_INIT;
	vsnprintf(raw, sizeof(raw), fmt, args);
	size_t len = strlen(raw);
	if (reason)
		snprintf(raw + len, sizeof(raw) - len, ": %s", reason);
	strbuf_add_escaped(&clean, raw);
	snprintf(err->text, sizeof(err->text), "%s", clean.text);
	strbuf_release(&clean);
}

int err_set(struct err *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, fmt);
	set(err, NULL, fmt, args);
	va_end(args);
	return -1;
}

int err_set_errno(struct err *err, const char *fmt, ...)
{
	int code = errno;
	if (!err)
		return -1;
	va_list args;
	va_start(args, fmt);
	set(err, strerror(code), fmt, args);
	va_end(args);
	errno = code;
	return -1;
}

int err_prefix(struct err *err, const char *what)
{
	if (!err)
		return -1;
	struct err old = *err;
	return err_set(err, "%s: %s", what, old.text);
}

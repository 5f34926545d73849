/* err.c - see err.h. */
#include "util/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/strbuf.h"

static void set_escaped(struct err *err, const char *raw)
{
	struct strbuf clean = STRBUF_INIT;
	strbuf_add_escaped(&clean, raw);
	snprintf(err->text, sizeof(err->text), "%s", clean.text);
	strbuf_release(&clean);
}

int err_set(struct err *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	char raw[ERR_TEXT_BYTES];
	va_list args;
	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	set_escaped(err, raw);
	return -1;
}

int err_set_errno(struct err *err, const char *fmt, ...)
{
	int code = errno;
	if (!err)
		return -1;
	char raw[ERR_TEXT_BYTES];
	va_list args;
	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	size_t len = strlen(raw);
	snprintf(raw + len, sizeof(raw) - len, ": %s", strerror(code));
	set_escaped(err, raw);
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

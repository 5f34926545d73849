/* json.h - writes JSON, indented by one space a level; commas and escaping are its business.
 *
 * key is NULL inside an array. Text that is no UTF-8 comes out with U+FFFD in it. */
#ifndef ALLOCTRACE_REPORT_JSON_H
#define ALLOCTRACE_REPORT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/strbuf.h"

enum { JSON_MAX_LEVELS = 32 };

struct json {
	FILE *to;
	unsigned level;
	bool some[JSON_MAX_LEVELS + 1]; /* the level has a member already */
	bool flat;			/* no line breaks: one object per line */
	struct strbuf scratch;
};

void json_init(struct json *j, FILE *to);
void json_release(struct json *j);

void json_object(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_array(struct json *j, const char *key);
void json_end_array(struct json *j);
void json_string(struct json *j, const char *key, const char *text); /* NULL: null */
void json_uint(struct json *j, const char *key, uint64_t value);
void json_int(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_hex(struct json *j, const char *key, uint64_t value); /* "0x1f" as a string */
/* Ends the document with a line break. */
void json_end_line(struct json *j);

#endif

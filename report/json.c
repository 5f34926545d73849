/* json.c - see json.h. */
#include "report/json.h"

#include <inttypes.h>

void json_init(struct json *j, FILE *to)
{
	*j = (struct json){ .to = to };
	strbuf_init(&j->scratch);
}

void json_release(struct json *j)
{
	strbuf_release(&j->scratch);
}

static void break_line(struct json *j)
{
	if (j->flat)
		return;
	fputc('\n', j->to);
	for (unsigned i = 0; i < j->level; i++)
		fputc(' ', j->to);
}

static void put_string(struct json *j, const char *text)
{
	strbuf_clear(&j->scratch);
	strbuf_add_json(&j->scratch, text);
	fwrite(j->scratch.text, 1, j->scratch.len, j->to);
}

static void begin_member(struct json *j, const char *key)
{
	if (j->some[j->level])
		fputc(',', j->to);
	if (j->level)
		break_line(j);
	j->some[j->level] = true;
	if (!key)
		return;
	put_string(j, key);
	fputs(j->flat ? ":" : ": ", j->to);
}

static void open_level(struct json *j, const char *key, char bracket)
{
	begin_member(j, key);
	fputc(bracket, j->to);
	if (j->level < JSON_MAX_LEVELS)
		j->level++;
	j->some[j->level] = false;
}

static void close_level(struct json *j, char bracket)
{
	bool some = j->some[j->level];
	if (j->level)
		j->level--;
	if (some)
		break_line(j);
	fputc(bracket, j->to);
}

void json_object(struct json *j, const char *key)
{
	open_level(j, key, '{');
}

void json_end_object(struct json *j)
{
	close_level(j, '}');
}

void json_array(struct json *j, const char *key)
{
	open_level(j, key, '[');
}

void json_end_array(struct json *j)
{
	close_level(j, ']');
}

void json_string(struct json *j, const char *key, const char *text)
{
	begin_member(j, key);
	if (text)
		put_string(j, text);
	else
		fputs("null", j->to);
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
	begin_member(j, key);
	fprintf(j->to, "%" PRIu64, value);
}

void json_int(struct json *j, const char *key, int64_t value)
{
	begin_member(j, key);
	fprintf(j->to, "%" PRId64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin_member(j, key);
	fputs(value ? "true" : "false", j->to);
}

void json_hex(struct json *j, const char *key, uint64_t value)
{
	begin_member(j, key);
	fprintf(j->to, "\"0x%" PRIx64 "\"", value);
}

void json_end_line(struct json *j)
{
	fputc('\n', j->to);
	j->level = 0;
	j->some[0] = false;
}

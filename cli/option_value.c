/* option_value.c - see option_value.h; also the numbers with units of options.h. */
#include "cli/option_value.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/suggest.h"
#include "util/mem.h"
#include "util/strbuf.h"

struct unit {
	const char *name;
	double factor;
};

static const struct unit byte_units[] = {
	{ "", 1 },	   { "B", 1 },	     { "K", 0x1p10 },	{ "KB", 0x1p10 }, { "KiB", 0x1p10 },
	{ "M", 0x1p20 },   { "MB", 0x1p20 }, { "MiB", 0x1p20 }, { "G", 0x1p30 },  { "GB", 0x1p30 },
	{ "GiB", 0x1p30 }, { "T", 0x1p40 },  { "TiB", 0x1p40 }, { NULL, 0 },
};

static const struct unit time_units[] = {
	{ "", 1e9 },   { "s", 1e9 },	{ "ns", 1 },	 { "us", 1e3 }, { "ms", 1e6 },
	{ "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 }, { NULL, 0 },
};

static int parse_number(const char *text, uint64_t *value, struct err *err)
{
	uint64_t n = 0;
	if (!*text)
		return err_set(err, "a number is missing");
	for (const char *p = text; *p; p++) {
		if (!isdigit((unsigned char)*p))
			return err_set(err, "'%s' is not a whole number", text);
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return err_set(err, "%s is too large", text);
	}
	*value = n;
	return 0;
}

/* Whole numbers without a unit stay exact; others pass through a double. */
static int parse_with_unit(const char *text, const struct unit *units, const char *example,
			   uint64_t *value, struct err *err)
{
	char *end;
	if (!isdigit((unsigned char)*text) && *text != '.')
		return err_set(err, "'%s' is not a number with a unit such as %s", text, example);
	double number = strtod(text, &end);
	if (end == text || (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')))
		return err_set(err, "'%s' is not a number with a unit such as %s", text, example);
	for (const struct unit *u = units; u->name; u++) {
		if (strcasecmp(u->name, end) != 0)
			continue;
		double product = number * u->factor;
		if (!(product < 0x1p63))
			return err_set(err, "%s is too large", text);
		*value = (uint64_t)llround(product);
		return 0;
	}
	return err_set(err, "'%s' is not a number with a unit such as %s", text, example);
}

static int parse_bytes(const char *text, uint64_t *value, struct err *err)
{
	return parse_with_unit(text, byte_units, "4096, 64K or 1.5G", value, err);
}

int parse_time_ns(const char *text, uint64_t *value, struct err *err)
{
	return parse_with_unit(text, time_units, "2.5s, 100ms or 10m", value, err);
}

static int store_choice(const struct option *o, const char *value, struct err *err)
{
	struct suggestion best = suggestion_for(value);
	for (int i = 0; o->choices[i]; i++) {
		if (strcmp(o->choices[i], value) == 0) {
			*(int *)o->target = i;
			return 0;
		}
		suggestion_offer(&best, o->choices[i]);
	}
	struct strbuf all = STRBUF_INIT;
	for (int i = 0; o->choices[i]; i++)
		strbuf_addf(&all, "%s%s", i ? ", " : "", o->choices[i]);
	if (best.name)
		err_set(err, "'%s' is not one of %s; did you mean %s?", value, all.text, best.name);
	else
		err_set(err, "'%s' is not one of %s", value, all.text);
	strbuf_release(&all);
	return -1;
}

static int store_item(struct option_list *list, const char *value)
{
	list->items = mem_grow(list->items, &list->cap, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = value;
	return 0;
}

int option_store(const struct option *o, const char *value, struct err *err)
{
	switch (o->kind) {
	case OPTION_STRING:
		*(const char **)o->target = value;
		return 0;
	case OPTION_NUMBER:
		return parse_number(value, o->target, err);
	case OPTION_BYTES:
		return parse_bytes(value, o->target, err);
	case OPTION_TIME:
		return parse_time_ns(value, o->target, err);
	case OPTION_CHOICE:
		return store_choice(o, value, err);
	case OPTION_LIST:
		return store_item(o->target, value);
	case OPTION_END:
	case OPTION_HEADING:
	case OPTION_FLAG:
		break;
	}
	return err_set(err, "takes no value");
}

void option_list_release(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list){ NULL, 0, 0 };
}

/* run_leaks.c - see run_leaks.h. */
#include "cli/run_leaks.h"

#include <string.h>

#include "base/hash.h"
#include "cli/command.h"
#include "cli/signal_option.h"
#include "wire/scans.h"

struct reading {
	const struct usage *usage;
	struct collect_options *out;
	unsigned marks;
	bool none;
};

#define POINT(reason) (1u << (reason))

/* A crash is an end like others. */
static const uint32_t at_exit = POINT(SCAN_AT_EXIT) | POINT(SCAN_AT_CRASH);

static bool is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncmp(text, word, len) == 0;
}

static int read_mark(struct reading *r, const char *name, size_t len)
{
	if (len == 0)
		return usage_error(r->usage, "--leak-point=mark:NAME: which mark?");
	if (r->marks == SESSION_LEAK_MARKS)
		return usage_error(r->usage, "--leak-point: at most %d marks", SESSION_LEAK_MARKS);
	r->out->leak_points |= POINT(SCAN_AT_MARK);
	r->out->leak_marks[r->marks++] = hash_bytes(name, len);
	return -1;
}

static int read_point(struct reading *r, const char *text, size_t len)
{
	static const char mark[] = "mark:";
	const size_t mark_len = sizeof(mark) - 1;
	if (is(text, len, "exit"))
		r->out->leak_points |= at_exit;
	else if (is(text, len, "before-exit"))
		r->out->leak_points |= POINT(SCAN_BEFORE_EXIT) | POINT(SCAN_AT_CRASH);
	else if (is(text, len, "exec"))
		r->out->leak_points |= POINT(SCAN_AT_EXEC);
	else if (is(text, len, "none"))
		r->none = true;
	else if (len >= mark_len && strncmp(text, mark, mark_len) == 0)
		return read_mark(r, text + mark_len, len - mark_len);
	else
		return usage_error(
			r->usage,
			"--leak-point: '%.*s' is none of exit, before-exit, exec, mark:NAME "
			"and none",
			(int)len, text);
	return -1;
}

static int read_points(struct reading *r, const char *list)
{
	int code = -1;
	for (const char *p = list; code < 0; p++) {
		size_t len = strcspn(p, ",");
		code = read_point(r, p, len);
		p += len;
		if (!*p)
			break;
	}
	return code;
}

static int check(const struct run_leaks *o, bool no_record, const struct reading *r)
{
	bool asked =
		r->out->leak_points || o->signal || o->interval_ns || o->snapshot || o->peek_bytes;
	if (r->none && r->out->leak_points)
		return usage_error(r->usage, "--leak-point: 'none' and others exclude each other");
	if (no_record && asked)
		return usage_error(r->usage, "--no-record: without a record no leak is known");
	if (o->signal && !signal_is_usable(signal_number(o->signal)))
		return usage_error(r->usage,
				   "--leak-signal: '%s' cannot be used; USR1 and USR2 can",
				   o->signal);
	if (o->signal && signal_number(o->signal) == r->out->toggle_signal)
		return usage_error(r->usage, "--leak-signal: --signal has the same one");
	if (o->peek_bytes > COLLECT_MAX_PEEK_BYTES)
		return usage_error(r->usage, "--peek: at most %d bytes", COLLECT_MAX_PEEK_BYTES);
	return -1;
}

int run_leaks_read(const struct run_leaks *o, bool no_record, const struct usage *usage,
		   struct collect_options *out)
{
	struct reading r = { .usage = usage, .out = out };
	int code = -1;
	for (size_t i = 0; i < o->points.count && code < 0; i++)
		code = read_points(&r, o->points.items[i]);
	if (code < 0)
		code = check(o, no_record, &r);
	if (code >= 0)
		return code;
	if (!o->points.count && !no_record)
		out->leak_points = at_exit | POINT(SCAN_AT_EXEC);
	out->leak_signal = o->signal ? signal_number(o->signal) : 0;
	out->leak_interval_ns = o->interval_ns;
	out->leak_snapshot = o->snapshot;
	out->peek_bytes = (unsigned)o->peek_bytes;
	return -1;
}

void run_leaks_release(struct run_leaks *o)
{
	option_list_release(&o->points);
}

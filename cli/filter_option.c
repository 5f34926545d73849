/* filter_option.c - see filter_option.h. */
#include "cli/filter_option.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* "1s..2.5s", "1s..", "..2.5s" */
static int parse_range(struct filter *f, const char *value, struct err *err)
{
	const char *dots = strstr(value, "..");
	if (!dots || (dots == value && !dots[2]))
		return err_set(err, "time=%s: a range such as 1.5s..3s, 2m.. or ..10s is wanted",
			       value);
	char *from = mem_strndup(value, (size_t)(dots - value));
	int result = 0;
	if (f->from_ns || f->to_ns)
		result = err_set(err, "time=%s: only one range of time can be given", value);
	if (!result && *from)
		result = parse_time_ns(from, &f->from_ns, err);
	if (!result && dots[2])
		result = parse_time_ns(dots + 2, &f->to_ns, err);
	if (!result && f->to_ns && f->to_ns <= f->from_ns)
		result = err_set(err, "time=%s is empty", value);
	free(from);
	return result;
}

static int parse_term(struct filter *f, const char *term, struct err *err)
{
	const char *equals = strchr(term, '=');
	if (!equals || equals == term || !equals[1])
		return err_set(err, "'%s' is not KEY=TEXT", term);
	bool negated = equals[-1] == '!';
	char *name = mem_strndup(term, (size_t)(equals - term) - negated);
	int result = 0, key = filter_key_find(name);
	if (strcmp(name, "time") == 0 && !negated)
		result = parse_range(f, equals + 1, err);
	else if (key < 0)
		result = err_set(err,
				 "no filter '%s': there are module, function, file, thread, "
				 "process, allocator, time",
				 name);
	else if (key == FILTER_ALLOCATOR && negated)
		result = err_set(err, "%s: a report is of one allocator", term);
	else
		filter_add(f, (enum filter_key)key, negated, equals + 1);
	free(name);
	return result;
}

int filter_parse(struct filter *f, const struct option_list *terms, struct err *err)
{
	for (size_t i = 0; i < terms->count; i++)
		if (parse_term(f, terms->items[i], err) < 0)
			return err_prefix(err, "--filter");
	return 0;
}

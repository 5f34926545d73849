/* environment.c - see environment.h. */
#include "lib/environment.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "lib/participant.h"
#include "lib/say.h"
#include "wire/findings.h"

enum { DEFAULT_MAX_ERRORS = 50, MAX_NUMBER = 1000000000 };

/* A stretch of the variable. */
struct word {
	const char *at;
	size_t bytes;
};

static const char *const policies[] = { "report", "abort", "ignore" };

static const struct {
	const char *word, *group;
} classes[FINDING_CLASSES] = {
#define FINDING(id, word, group, text) { word, group },
#include "wire/findings.def"
#undef FINDING
};

static bool is(const struct word *w, const char *text)
{
	size_t bytes = __builtin_strlen(text);
	return w->bytes == bytes && __builtin_memcmp(w->at, text, bytes) == 0;
}

/* What comes before the first c, which is passed over, or all of it. */
static struct word cut(struct word *rest, char c)
{
	struct word first = { rest->at, 0 };
	while (first.bytes < rest->bytes && rest->at[first.bytes] != c)
		first.bytes++;
	size_t passed = first.bytes < rest->bytes ? first.bytes + 1 : first.bytes;
	rest->at += passed;
	rest->bytes -= passed;
	return first;
}

/* A group is meant before the class of its name: mismatch is both. */
static bool is_meant(size_t class, const struct word *w)
{
	for (size_t i = 0; i < FINDING_CLASSES; i++)
		if (is(w, classes[i].group))
			return is(w, classes[class].group);
	return is(w, classes[class].word);
}

static bool set_policy(struct word item, uint32_t *on_error)
{
	struct word who = cut(&item, '='), *what = item.bytes ? &item : &who;
	bool all = what == &who, found = false;
	uint32_t policy = 0;
	while (policy < AT_COUNT_OF(policies) && !is(what, policies[policy]))
		policy++;
	for (size_t i = 0; policy < AT_COUNT_OF(policies) && i < FINDING_CLASSES; i++) {
		if (!all && !is_meant(i, &who))
			continue;
		*on_error = (*on_error & ~(UINT32_C(3) << 2 * i)) | policy << 2 * i;
		found = true;
	}
	return found;
}

static bool set_policies(struct word value, uint32_t *on_error)
{
	uint32_t wanted = *on_error;
	if (!value.bytes || value.at[value.bytes - 1] == ',')
		return false;
	while (value.bytes)
		if (!set_policy(cut(&value, ','), &wanted))
			return false;
	*on_error = wanted;
	return true;
}

static bool set_number(const struct word *value, uint32_t least, uint32_t most, uint32_t *number)
{
	uint64_t n = 0;
	for (size_t i = 0; i < value->bytes; i++) {
		if (value->at[i] < '0' || value->at[i] > '9' || n > MAX_NUMBER)
			return false;
		n = n * 10 + (uint64_t)(value->at[i] - '0');
	}
	if (!value->bytes || n < least || n > most)
		return false;
	*number = (uint32_t)n;
	return true;
}

static bool take(struct word word, struct environment *e)
{
	struct word value = word, name = cut(&value, '=');
	if (is(&word, "free-stacks")) {
		e->options |= SESSION_FREE_STACKS;
		return true;
	}
	if (is(&name, "on-error"))
		return set_policies(value, &e->on_error);
	if (is(&name, "depth"))
		return set_number(&value, 1, SESSION_MAX_DEPTH, &e->max_depth);
	if (is(&name, "max-errors"))
		return set_number(&value, 0, MAX_NUMBER, &e->max_errors);
	return is(&name, "log") && value.bytes && say_into(value.at, value.bytes);
}

static void complain(const struct word *word)
{
	char room[160];
	struct text t = text_in(room, sizeof(room) - 1);
	text_add(&t, ENVIRONMENT_OPTIONS ": '");
	for (size_t i = 0; i < word->bytes && i < 64; i++)
		text_char(&t, word->at[i]);
	text_add(&t, "' is not understood and left out; alloctrace(1) has the words");
	*t.at = '\0';
	say_line(room);
}

void environment_read(struct environment *e)
{
	*e = (struct environment){ .max_depth = SESSION_DEFAULT_DEPTH,
				   .max_errors = DEFAULT_MAX_ERRORS };
	const char *value = session_environment(ENVIRONMENT_OPTIONS);
	struct word rest = { value, value ? __builtin_strlen(value) : 0 }, bad = { NULL, 0 };
	while (rest.bytes) {
		struct word word = cut(&rest, ' ');
		if (word.bytes && !take(word, e) && !bad.at)
			bad = word;
	}
	if (bad.at)
		complain(&bad); /* into the log, if one was named */
}

/* error_policy.c - see error_policy.h. */
#include "cli/error_policy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "cli/suggest.h"
#include "util/mem.h"
#include "wire/findings.h"

static const char *const policies[] = { "report", "abort", "ignore" };

static const struct {
	const char *word;
	const char *group;
} classes[FINDING_CLASSES] = {
#define FINDING(id, word, group, text) { word, group },
#include "wire/findings.def"
#undef FINDING
};

_Static_assert(2 * FINDING_CLASSES <= 32, "two bits each");

static int find_policy(const char *word, enum finding_policy *policy, struct err *err)
{
	struct suggestion best = suggestion_for(word);
	for (size_t i = 0; i < AT_COUNT_OF(policies); i++) {
		suggestion_offer(&best, policies[i]);
		*policy = (enum finding_policy)i;
		if (strcmp(word, policies[i]) == 0)
			return 0;
	}
	return err_set(err, "'%s' is not one of report, abort, ignore%s%s%s", word,
		       best.name ? "; did you mean " : "", best.name ? best.name : "",
		       best.name ? "?" : "");
}

/* A group is meant before the class of its name: mismatch is both. */
static bool is_meant(size_t class, const char *word)
{
	for (size_t i = 0; i < FINDING_CLASSES; i++)
		if (strcmp(classes[i].group, word) == 0)
			return strcmp(classes[class].group, word) == 0;
	return strcmp(classes[class].word, word) == 0;
}

static int set_policy(const char *word, enum finding_policy policy, uint32_t *on_error,
		      struct err *err)
{
	struct suggestion best = suggestion_for(word);
	bool found = false;
	for (size_t i = 0; i < FINDING_CLASSES; i++) {
		suggestion_offer(&best, classes[i].word);
		suggestion_offer(&best, classes[i].group);
		if (*word && !is_meant(i, word))
			continue;
		*on_error &= ~(UINT32_C(3) << 2 * i);
		*on_error |= (uint32_t)policy << 2 * i;
		found = true;
	}
	if (found)
		return 0;
	return err_set(err, "there is no class or group of errors '%s'%s%s%s", word,
		       best.name ? "; did you mean " : "", best.name ? best.name : "",
		       best.name ? "?" : "");
}

static int take_item(char *item, uint32_t *on_error, struct err *err)
{
	enum finding_policy policy;
	char *equals = strchr(item, '=');
	if (equals == item)
		return err_set(err, "a class is missing before '%s'", item);
	if (equals)
		*equals = '\0';
	if (find_policy(equals ? equals + 1 : item, &policy, err) < 0)
		return -1;
	return set_policy(equals ? item : "", policy, on_error, err);
}

int error_policy_parse(const char *text, uint32_t *on_error, struct err *err)
{
	char *copy = mem_strdup(text), *rest = copy, *item;
	int result = 0;
	*on_error = 0;
	while (!result && (item = strsep(&rest, ",")))
		result = take_item(item, on_error, err);
	free(copy);
	return result;
}

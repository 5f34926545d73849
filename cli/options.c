/* options.c - parses a command's options; see options.h. The help text is in usage.c, the values
 * in option_value.c. */
#include "cli/options.h"

#include <stdarg.h>
#include <string.h>

#include "cli/command.h"
#include "cli/option_value.h"
#include "cli/suggest.h"

enum { GO_ON = -1 };

struct parser {
	const struct usage *usage;
	char **argv;
	int argc;
	int at; /* the word being looked at */
};

int usage_error(const struct usage *usage, const char *fmt, ...)
{
	struct err err;
	char raw[ERR_TEXT_BYTES];
	va_list args;
	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	err_set(&err, "%s", raw);
	say("%s", err.text);
	fprintf(stderr, "Try 'alloctrace %s%s-h'.\n", usage->command, *usage->command ? " " : "");
	return EXIT_USAGE;
}

static const struct option *find_long(const struct usage *usage, const char *name, size_t len)
{
	for (const struct option *o = usage->options; o->kind != OPTION_END; o++)
		if (o->name && strncmp(o->name, name, len) == 0 && !o->name[len])
			return o;
	return NULL;
}

static const struct option *find_letter(const struct usage *usage, char letter)
{
	for (const struct option *o = usage->options; o->kind != OPTION_END; o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

static int unknown_long(const struct usage *usage, const char *name, size_t len)
{
	char word[80];
	snprintf(word, sizeof(word), "%.*s", (int)len, name);
	struct suggestion best = suggestion_for(word);
	for (const struct option *o = usage->options; o->kind != OPTION_END; o++)
		if (o->name)
			suggestion_offer(&best, o->name);
	suggestion_offer(&best, "help");
	if (best.name)
		return usage_error(usage, "unknown option --%s; did you mean --%s?", word,
				   best.name);
	return usage_error(usage, "unknown option --%s", word);
}

/* `value` is NULL when none came with the option itself; it then is the next word. */
static int take(struct parser *p, const struct option *o, const char *value)
{
	if (o->kind == OPTION_FLAG) {
		if (value)
			return usage_error(p->usage, "--%s takes no value", o->name);
		*(bool *)o->target = true;
		return GO_ON;
	}
	if (!value)
		value = o->implied;
	if (!value) {
		if (p->at + 1 >= p->argc)
			return usage_error(p->usage, "--%s needs a value: %s", o->name,
					   o->argument);
		value = p->argv[++p->at];
	}
	struct err err;
	if (option_store(o, value, &err) < 0)
		return usage_error(p->usage, "--%s: %s", o->name, err.text);
	return GO_ON;
}

static int help_asked(const struct parser *p, const char *form)
{
	if (form && strcmp(form, "table") == 0)
		usage_print_table(p->usage, stdout);
	else if (form)
		return usage_error(p->usage, "--help takes no value");
	else
		usage_print(p->usage, stdout);
	return 0;
}

static int take_long(struct parser *p, const char *word)
{
	const char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : strlen(word);
	if (len == 4 && strncmp(word, "help", len) == 0)
		return help_asked(p, value ? value + 1 : NULL);
	const struct option *o = find_long(p->usage, word, len);
	if (!o)
		return unknown_long(p->usage, word, len);
	return take(p, o, value ? value + 1 : NULL);
}

/* `word` is what follows the dash: flags, the last of which may be an option with its value. */
static int take_letters(struct parser *p, const char *word)
{
	for (; *word; word++) {
		if (*word == 'h' && !find_letter(p->usage, 'h'))
			return help_asked(p, NULL);
		const struct option *o = find_letter(p->usage, *word);
		if (!o)
			return usage_error(p->usage, "unknown option -%c", *word);
		if (o->kind == OPTION_FLAG) {
			*(bool *)o->target = true;
			continue;
		}
		return take(p, o, word[1] ? word + 1 : NULL);
	}
	return GO_ON;
}

int options_parse(const struct usage *usage, enum options_mode mode, int *argc, char ***argv)
{
	struct parser p = { usage, *argv, *argc, 1 };
	int kept = 1; /* arguments found, moved to argv[1..] */
	for (; p.at < p.argc; p.at++) {
		const char *word = p.argv[p.at];
		if (word[0] != '-' || !word[1]) { /* "-" alone is an argument */
			if (mode == OPTIONS_BEFORE_ARGUMENTS)
				break;
			p.argv[kept++] = p.argv[p.at];
			continue;
		}
		if (strcmp(word, "--") == 0) {
			p.at++;
			break;
		}
		int code = word[1] == '-' ? take_long(&p, word + 2) : take_letters(&p, word + 1);
		if (code != GO_ON)
			return code;
	}
	while (p.at < p.argc)
		p.argv[kept++] = p.argv[p.at++];
	p.argv[kept] = NULL;
	*argc = kept - 1;
	*argv = p.argv + 1;
	return GO_ON;
}

int options_parse_trace(const struct usage *usage, int argc, char **argv, const char **trace)
{
	int code = options_parse(usage, OPTIONS_ANYWHERE, &argc, &argv);
	if (code != GO_ON)
		return code;
	if (argc != 1)
		return usage_error(usage, argc ? "one trace at a time" : "which trace?");
	*trace = argv[0];
	return GO_ON;
}

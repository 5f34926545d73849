/* dlopen_option.c - see dlopen_option.h. */
#include "cli/dlopen_option.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "util/mem.h"

/* Takes the modes off the end of the text: a library's name may have a colon, too. */
static struct link_opening take_modes(char *text)
{
	static const struct {
		const char *suffix;
		uint32_t flags;
		bool new_space;
	} modes[] = { { ":global", BINDING_GLOBAL, false },
		      { ":deepbind", BINDING_DEEPBIND, false },
		      { ":namespace", 0, true },
		      { ":local", 0, false } };
	struct link_opening opening = { .name = text };
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]);) {
		const size_t bytes = strlen(text), suffix = strlen(modes[i].suffix);
		if (bytes <= suffix || strcmp(text + bytes - suffix, modes[i].suffix) != 0) {
			i++;
			continue;
		}
		text[bytes - suffix] = '\0';
		opening.flags |= modes[i].flags;
		opening.new_space |= modes[i].new_space;
		i = 0;
	}
	return opening;
}

static void add(struct dlopen_option *o, const char *text)
{
	o->openings = mem_grow(o->openings, &o->cap, o->count + 1, sizeof(*o->openings));
	o->openings[o->count++] = take_modes(mem_strdup(text));
}

int dlopen_option_read(struct dlopen_option *o, const struct usage *usage)
{
	for (size_t i = 0; i < o->texts.count; i++) {
		char *copy = mem_strdup(o->texts.items[i]), *rest = NULL;
		const size_t before = o->count;
		for (char *one = strtok_r(copy, ",", &rest); one; one = strtok_r(NULL, ",", &rest))
			add(o, one);
		free(copy);
		if (o->count == before)
			return usage_error(usage, "--dlopen needs a library");
	}
	return -1;
}

void dlopen_option_release(struct dlopen_option *o)
{
	for (size_t i = 0; i < o->count; i++)
		free(o->openings[i].name);
	free(o->openings);
	option_list_release(&o->texts);
}

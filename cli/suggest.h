/* suggest.h - the known name that a mistyped word is nearest to. */
#ifndef ALLOCTRACE_CLI_SUGGEST_H
#define ALLOCTRACE_CLI_SUGGEST_H

struct suggestion {
	const char *word;
	const char *name; /* nearest so far, or NULL when nothing is near enough */
	unsigned distance;
};

struct suggestion suggestion_for(const char *word);
/* `name` is kept, not copied. */
void suggestion_offer(struct suggestion *s, const char *name);

#endif

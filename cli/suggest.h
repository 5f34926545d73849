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

/* Insertions, deletions, replacements and swaps of neighbours between two words. Words longer
 * than 63 bytes count as far apart. */
unsigned edit_distance(const char *a, const char *b);

#endif

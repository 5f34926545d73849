/* suggest.c - see suggest.h. */
#include "cli/suggest.h"

#include <limits.h>
#include <string.h>

enum { MAX_WORD = 63 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;
	return m < c ? m : c;
}

/* Insertions, deletions, replacements and swaps of neighbours between two words. Words longer
 * than 63 bytes count as far apart. */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	if (la > MAX_WORD || lb > MAX_WORD)
		return UINT_MAX;
	unsigned row[3][MAX_WORD + 1]; /* of the last, this and the next character of a */
	unsigned *before = row[0], *last = row[1], *now = row[2];
	for (size_t j = 0; j <= lb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned change = last[j - 1] + (a[i - 1] != b[j - 1]);
			now[j] = min3(last[j] + 1, now[j - 1] + 1, change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		unsigned *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

struct suggestion suggestion_for(const char *word)
{
	/* One slip in three characters is still a slip; more is another word. */
	return (struct suggestion){ word, NULL, (unsigned)(strlen(word) + 2) / 3 + 1 };
}

void suggestion_offer(struct suggestion *s, const char *name)
{
	unsigned distance = edit_distance(s->word, name);
	if (distance < s->distance) {
		s->name = name;
		s->distance = distance;
	}
}

/* linked_news.h - what has changed between two looks at a program. */
#ifndef ALLOCTRACE_LINK_LINKED_NEWS_H
#define ALLOCTRACE_LINK_LINKED_NEWS_H

#include "link/linked.h"

/* Marks modules and imports of `now` that are as they were before (is_known). */
void linked_mark_known(struct linked *now, const struct linked *before);

#endif

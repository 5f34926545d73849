/* groups.h - blocks of one kind, stack, allocator and thread, as one. */
#ifndef ALLOCTRACE_SCAN_GROUPS_H
#define ALLOCTRACE_SCAN_GROUPS_H

#include "scan/classify.h"

/* Fills in groups, kinds, inherited, ignored, older and modules of `out`. */
void groups_make(struct leak_scan *out, const struct mark *m, const struct lost *lost);

#endif

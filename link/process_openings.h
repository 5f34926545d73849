/* process_openings.h - which modules of a process were there at its start, and which ones a
 * dlopen() brought, as far as their order tells. */
#ifndef ALLOCTRACE_LINK_PROCESS_OPENINGS_H
#define ALLOCTRACE_LINK_PROCESS_OPENINGS_H

#include "link/linked.h"

/* Puts modules into the order of loading that are in it already but for the C library, which may
 * have been met before the others. The first one is the program; the first `startup` of them were
 * there at the start. */
void process_openings_sort(struct linked *l, size_t startup);
/* Sets BINDING_STARTUP, BINDING_OPENED and wanted_by of modules that are in the order of loading,
 * namespace after namespace. */
void process_openings_mark(struct linked *l);

#endif

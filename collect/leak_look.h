/* leak_look.h - one look for leaks at one process: stops it, has it searched (scan/), lets it go
 * on.
 *
 * In the scanner's thread (scanner.h). By ptrace, if wanted in a copy; where that is refused, the
 * process shows its memory itself, if it waits for the answer (served.h). */
#ifndef ALLOCTRACE_COLLECT_LEAK_LOOK_H
#define ALLOCTRACE_COLLECT_LEAK_LOOK_H

#include "collect/scanner.h"

/* Fills in what came of the job, also why nothing did. A process that waits still does, unless it
 * did not need to any more: then job->record is NULL. */
void leak_look(struct scanner *s, struct scan_job *job);

#endif

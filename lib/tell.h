/* tell.h - a finding on its way out: counted, told once, and what the policy says.
 *
 * Inside the traced process; called from hooks, with the guard GUARD_BUSY. */
#ifndef ALLOCTRACE_LIB_TELL_H
#define ALLOCTRACE_LIB_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/thread.h"
#include "wire/findings.h"

enum finding_policy tell_policy(const struct finding *f);

/* Counts a finding. True if it is the first of its kind, and the caller has to tell it: f->number
 * is set. site is the node of the releasing code. */
bool tell_is_first(struct finding *f, uint32_t site);

/* Puts the finding into the thread's ring. */
void tell_write(struct thread *t, const struct finding *f);

#endif

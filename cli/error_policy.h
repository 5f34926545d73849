/* error_policy.h - --on-error as text: what is done about wrong frees, by class. */
#ifndef ALLOCTRACE_CLI_ERROR_POLICY_H
#define ALLOCTRACE_CLI_ERROR_POLICY_H

#include <stdint.h>

#include "util/err.h"

/* "abort", or "double=abort,invalid=ignore": a policy for all, for a group or for a class; later
 * ones win. Sets *on_error as struct session_header has it. 0, or -1 with what is wrong. */
int error_policy_parse(const char *text, uint32_t *on_error, struct err *err);

#endif

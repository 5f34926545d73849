/* option_value.h - puts the text of an option's value into its target. */
#ifndef ALLOCTRACE_CLI_OPTION_VALUE_H
#define ALLOCTRACE_CLI_OPTION_VALUE_H

#include "cli/options.h"

/* 0, or -1 with what is wrong with the value. */
int option_store(const struct option *o, const char *value, struct err *err);

#endif

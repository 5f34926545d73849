/* signal_option.h - the name of a signal that a user may send the tool. */
#ifndef ALLOCTRACE_CLI_SIGNAL_OPTION_H
#define ALLOCTRACE_CLI_SIGNAL_OPTION_H

#include <stdbool.h>

/* "USR1", "SIGUSR1", "10"; -1: there is none of that name. */
int signal_number(const char *name);
/* Not one that the tool needs for itself, or that cannot be caught. */
bool signal_is_usable(int number);

#endif

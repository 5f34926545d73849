/* link_run.h - runs a program up to places where it is worth looking at what it is linked with. */
#ifndef ALLOCTRACE_LINK_LINK_RUN_H
#define ALLOCTRACE_LINK_LINK_RUN_H

#include <sys/types.h>

#include "util/err.h"

enum link_run_at {
	LINK_RUN_MAIN,	 /* at main(), and there it is ended */
	LINK_RUN_DLOPEN, /* at main() and after each dlopen(), when what it brought is linked and
			    has not run yet; the program goes on to its end */
	LINK_RUN_EXIT,	 /* at its end */
};

/* Is called while the process stands still; `when`: "at main()", "after dlopen() of libx.so". -1
 * with the error ends the program. */
typedef int link_run_look(void *context, pid_t pid, const char *when, struct err *err);

/* *exec_errno: why the program could not be started, if that is the error. */
int link_run(char *const *argv, enum link_run_at at, link_run_look *look, void *context,
	     int *exec_errno, struct err *err) AT_MUST_CHECK;

#endif

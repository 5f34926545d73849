/* thread_name.h - the name of a thread, as the kernel has it. */
#ifndef ALLOCTRACE_COLLECT_THREAD_NAME_H
#define ALLOCTRACE_COLLECT_THREAD_NAME_H

#include <stdint.h>

#include "wire/session.h"

enum { THREAD_NAME_BYTES = SESSION_THREAD_NAME_BYTES };

/* Puts the name at `name`; "" if the thread has gone. A process that has exec'd has threads of the
 * same numbers with names that are no more the old program's. */
void thread_name_read(uint32_t pid, uint32_t tid, char name[THREAD_NAME_BYTES]);

#endif

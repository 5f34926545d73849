/* thread_name.h - the name of a thread, as the kernel has it. */
#ifndef ALLOCTRACE_COLLECT_THREAD_NAME_H
#define ALLOCTRACE_COLLECT_THREAD_NAME_H

#include <stdint.h>

enum { THREAD_NAME_BYTES = 16 };

/* Puts the name at `name`; "" if the thread has gone. */
void thread_name_read(uint32_t pid, uint32_t tid, char name[THREAD_NAME_BYTES]);

#endif

/* humane.h - numbers as people read them. Each writes into a buffer of HUMANE_BYTES and returns it.
 */
#ifndef ALLOCTRACE_REPORT_HUMANE_H
#define ALLOCTRACE_REPORT_HUMANE_H

#include <stdint.h>

enum { HUMANE_BYTES = 40 };

/* "512 B", "12.3 KiB", "1.50 GiB" */
const char *humane_bytes(char *buf, uint64_t bytes);
/* "1,234,567" */
const char *humane_count(char *buf, uint64_t count);
/* "12.3 us", "8.12 s", "2 h 05 min" */
const char *humane_time(char *buf, uint64_t ns);
/* "12.3%"; "" when there is no whole. */
const char *humane_percent(char *buf, uint64_t part, uint64_t whole);

#endif

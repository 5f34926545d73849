/* finding_words.h - what is told of a wrong release, in words. */
#ifndef ALLOCTRACE_REPORT_FINDING_WORDS_H
#define ALLOCTRACE_REPORT_FINDING_WORDS_H

#include "trace/trace.h"
#include "util/strbuf.h"

/* Of enum finding_class; numbers of a later alloctrace have words too. */
const char *finding_class_word(unsigned class);	 /* "double" */
const char *finding_class_group(unsigned class); /* "double", "invalid", ... */
const char *finding_class_text(unsigned class);	 /* "double free" */

#endif

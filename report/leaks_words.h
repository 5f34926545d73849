/* leaks_words.h - the words for leaks that all outputs share. Numbers come from traces: those that
 * are unknown have words, too. */
#ifndef ALLOCTRACE_REPORT_LEAKS_WORDS_H
#define ALLOCTRACE_REPORT_LEAKS_WORDS_H

/* "definitely lost" ...; in a sentence after an amount. */
const char *leak_kind_words(unsigned kind);
/* "definite" ...: keys of JSON and values of --kinds. */
const char *leak_kind_key(unsigned kind);
/* "at exit" ...: goes on from "looked for leaks". */
const char *scan_reason_words(unsigned reason);
const char *scan_reason_key(unsigned reason);
/* How the process was looked at: "from outside ..."  */
const char *scan_method_words(unsigned method);
const char *scan_method_key(unsigned method);
const char *leak_holder_key(unsigned holder);

#endif

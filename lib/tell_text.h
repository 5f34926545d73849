/* tell_text.h - a finding as text for people: what, whose, by which stacks.
 *
 * Inside the traced process, from modules_hold(): the names of functions are looked up in the
 * modules. Only exported names are known here; the tool tells files, lines and inlined functions. */
#ifndef ALLOCTRACE_LIB_TELL_TEXT_H
#define ALLOCTRACE_LIB_TELL_TEXT_H

#include "lib/text.h"
#include "wire/findings.h"

void tell_text_finding(struct text *out, const struct finding *f);

/* Before the first one: why it is told here. */
void tell_text_head(struct text *out);

/* After the first one: how more is to be had, and what is not looked at. */
void tell_text_hints(struct text *out);

#endif

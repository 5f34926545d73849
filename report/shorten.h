/* shorten.h - function names that fit: without parameters, template arguments folded. */
#ifndef ALLOCTRACE_REPORT_SHORTEN_H
#define ALLOCTRACE_REPORT_SHORTEN_H

#include <stddef.h>

#include "util/strbuf.h"

/* Adds name in at most `room` bytes (8 at least), leaving out as little as needed. Of Rust's
 * "<a::T as b::Trait>::f" the type or, where it is no plain path, the trait is kept: "a::T::f".
 *	void a::f<std::vector<int, b>, c>(int, char)
 *	void a::f<std::vector<int, b>, c>(...)
 *	void a::f<std::vector<...>, c>(...)
 *	void a::f<...>(...)
 *	a::f<...>(...)
 *	a::f<.. */
void shorten_function(struct strbuf *out, const char *name, size_t room);

#endif

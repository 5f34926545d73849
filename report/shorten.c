/* shorten.c - see shorten.h. */
#include "report/shorten.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum { MOST_DEPTH = 4 }; /* of brackets that are tried one by one */

/* "operator<", "operator->", "operator()": brackets that are none. */
static size_t operator_length(const char *p)
{
	static const char *const spellings[] = { "<=>", "<<=", ">>=", "->*", "<<", ">>",
						 "<=",	">=",  "->",  "()",  "<",  ">" };
	if (strncmp(p, "operator", 8) != 0)
		return 0;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++)
		if (strncmp(p + 8, spellings[i], strlen(spellings[i])) == 0)
			return 8 + strlen(spellings[i]);
	return 0;
}

/* Position of the parameter list's "(", or of the end. It is the last one outside of "<>", because
 * "(anonymous namespace)::f(int)" has an earlier. */
static const char *parameters(const char *name)
{
	const char *found = NULL;
	int depth = 0;
	for (const char *p = name; *p; p++) {
		size_t skip = operator_length(p);
		if (skip) {
			p += skip - 1;
			continue;
		}
		if (*p == '<' || *p == '{' || *p == '[')
			depth++;
		else if ((*p == '>' && (p == name || p[-1] != '-')) || *p == '}' || *p == ']')
			depth--;
		else if (*p == '(' && depth == 0 && strncmp(p, "(anonymous namespace)", 21) != 0) {
			found = p;
			int round = 0; /* over to its end */
			for (; *p; p++) {
				round += (*p == '(') - (*p == ')');
				if (!round)
					break;
			}
			if (!*p)
				break;
		}
	}
	return found ? found : name + strlen(name);
}

/* Copies [from, to), with what is more than max_depth deep in "<>" replaced by "...". */
static void fold(struct strbuf *out, const char *from, const char *to, int max_depth)
{
	int depth = 0;
	for (const char *p = from; p < to; p++) {
		size_t skip = operator_length(p);
		if (skip && p + skip <= to) {
			if (depth <= max_depth)
				strbuf_add(out, p, skip);
			p += skip - 1;
			continue;
		}
		if (*p == '>' && (p == from || p[-1] != '-') && depth > 0)
			depth--;
		if (depth <= max_depth)
			strbuf_addc(out, *p);
		if (*p == '<' && depth++ == max_depth)
			strbuf_adds(out, "...");
	}
}

/* What stands before the last space outside of brackets is a return type: "int a::f<b, c>". */
static const char *after_return_type(const char *name, const char *end)
{
	const char *start = name;
	int depth = 0;
	for (const char *p = name; p < end && strncmp(p, "operator", 8) != 0; p++) {
		depth += (*p == '<' || *p == '(') - (*p == '>' || *p == ')');
		if (*p == ' ' && depth == 0)
			start = p + 1;
	}
	return start;
}

/* As much of [from, end) as there is room for; false when there is not even room for the least. */
static bool fold_to_fit(struct strbuf *s, const char *from, const char *end, size_t room)
{
	for (int depth = MOST_DEPTH; depth >= 0; depth--) {
		strbuf_clear(s);
		fold(s, from, end, depth == MOST_DEPTH ? INT_MAX : depth);
		if (*end)
			strbuf_adds(s, "(...)");
		if (s->len <= room)
			return true;
	}
	return false;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* Adds a Rust name without the brackets around the type that a function belongs to: folded like
 * others they would hide the best part of it. False when there are none. */
static bool add_rust_path(struct strbuf *out, const char *name)
{
	const char *close = name, *as = NULL;
	int depth = 0;
	if (*name != '<')
		return false;
	for (; *close; close++) {
		depth += *close == '<';
		depth -= *close == '>' && close[-1] != '-';
		if (depth == 0)
			break;
		if (depth == 1 && strncmp(close, " as ", 4) == 0)
			as = close;
	}
	if (!*close || close[1] != ':')
		return false;
	const char *from = name + 1, *to = as ? as : close;
	const char *word = from;
	while (is_word(*word))
		word++;
	if (as && (word == from || *word != ':')) { /* a type parameter, a tuple, &[T], ... */
		from = as + 4;
		to = close;
	}
	strbuf_add(out, from, (size_t)(to - from));
	strbuf_adds(out, close + 1);
	return true;
}

void shorten_function(struct strbuf *out, const char *name, size_t room)
{
	size_t len = strlen(name);
	if (room < 8)
		room = 8;
	if (len <= room) {
		strbuf_add(out, name, len);
		return;
	}
	struct strbuf s = STRBUF_INIT, rust = STRBUF_INIT;
	if (add_rust_path(&rust, name))
		name = rust.text;
	const char *end = parameters(name);
	if (!fold_to_fit(&s, name, end, room))
		fold_to_fit(&s, after_return_type(name, end), end, room);
	if (s.len > room && *end)
		strbuf_truncate(&s, s.len - 5); /* "(...)" */
	if (s.len > room) {
		size_t cut = room - 2;
		while (cut && ((unsigned char)s.text[cut] & 0xc0) == 0x80)
			cut--; /* not inside a character */
		strbuf_truncate(&s, cut);
		strbuf_adds(&s, "..");
	}
	strbuf_add(out, s.text, s.len);
	strbuf_release(&s);
	strbuf_release(&rust);
}

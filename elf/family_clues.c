/* family_clues.c - see family_clues.h. */
#include "elf/family_clues.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "elf/text_search.h"
#include "util/mem.h"

enum { MAX_TEXTS = 48 };

/* What a text found means. */
enum text_use {
	TEXT_PROOF,
	TEXT_PREFIX,  /* a proof with the prefix in front */
	TEXT_VERSION, /* the version follows */
	TEXT_OURS,    /* this file has the list itself */
};

struct family_text {
	enum text_use use;
	enum family family;
	unsigned bit; /* of a proof */
};

struct family_texts {
	struct text_search *search;
	struct family_text texts[MAX_TEXTS];
	size_t count;
	unsigned needed[FAMILY_COUNT]; /* bits that prove it */
};

static const char *const strings_of[FAMILY_COUNT] = {
#define FAMILY(id, name, layer, library, prefixes, telltales, strings, version, api) strings,
#include "wire/families.def"
#undef FAMILY
};

static const char *const version_of[FAMILY_COUNT] = {
#define FAMILY(id, name, layer, library, prefixes, telltales, strings, version, api) version,
#include "wire/families.def"
#undef FAMILY
};

const char *family_clues_messages(enum family family)
{
	return strings_of[family];
}

static const char our_mark[] = "alloctrace: these are wire/families.def";

static void add(struct family_texts *texts, struct family_text text, const char *what, size_t bytes)
{
	if (texts->count == MAX_TEXTS)
		abort(); /* the list is ours */
	texts->texts[texts->count++] = text;
	text_search_add(texts->search, what, bytes);
}

static void add_proofs(struct family_texts *texts, enum family family)
{
	const char *at = strings_of[family];
	for (unsigned bit = 0; *at; bit++) {
		size_t bytes = strcspn(at, "\n");
		bool prefix = at[0] == '*';
		struct family_text text = { prefix ? TEXT_PREFIX : TEXT_PROOF, family, 1u << bit };
		add(texts, text, at + prefix, bytes - prefix);
		texts->needed[family] |= text.bit;
		at += bytes + (at[bytes] == '\n');
	}
}

struct family_texts *family_texts_new(void)
{
	struct family_texts *texts = mem_zalloc(1, sizeof(*texts));
	texts->search = text_search_new();
	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		add_proofs(texts, f);
		const char *digits = strpbrk(version_of[f], "#|");
		if (digits && *digits == '#' && !strchr("^(%@", version_of[f][0]))
			add(texts, (struct family_text){ TEXT_VERSION, f, 0 }, version_of[f],
			    (size_t)(digits - version_of[f]));
	}
	add(texts, (struct family_text){ TEXT_OURS, 0, 0 }, our_mark, sizeof(our_mark));
	return texts;
}

void family_texts_free(struct family_texts *texts)
{
	if (texts)
		text_search_free(texts->search);
	free(texts);
}

/* Digits and dots, without dots at the end ("stable release version 2.36."). */
static void copy_version(char *out, const uint8_t *at, const uint8_t *end)
{
	size_t bytes = 0;
	while (at + bytes < end && bytes < FAMILY_VERSION_BYTES - 1 &&
	       (isdigit(at[bytes]) || at[bytes] == '.'))
		bytes++;
	while (bytes > 0 && at[bytes - 1] == '.')
		bytes--;
	memcpy(out, at, bytes);
	out[bytes] = '\0';
}

/* The name of a variable ends here: "_RJEM_MALLOC_CONF" gives "_rjem_". False if it is something
 * else. */
static bool copy_prefix(char *out, const uint8_t *begin, const uint8_t *at, const uint8_t *after,
			const uint8_t *end)
{
	size_t bytes = 0;
	if (after >= end || *after != '\0')
		return false;
	while (at - bytes > begin &&
	       (isupper(at[-1 - (ptrdiff_t)bytes]) || isdigit(at[-1 - (ptrdiff_t)bytes]) ||
		at[-1 - (ptrdiff_t)bytes] == '_'))
		bytes++;
	if (bytes >= FAMILY_PREFIX_BYTES ||
	    (at - bytes > begin && at[-1 - (ptrdiff_t)bytes] != '\0'))
		return false;
	for (size_t i = 0; i < bytes; i++)
		out[i] = (char)tolower(at[i - bytes]);
	out[bytes] = '\0';
	return true;
}

struct finding {
	const struct family_texts *texts;
	struct family_clue *clues;
	bool ours;
};

static void on_hit(void *context, size_t id, const uint8_t *begin, const uint8_t *at,
		   const uint8_t *end)
{
	struct finding *f = context;
	const struct family_text *text = &f->texts->texts[id];
	struct family_clue *clue = &f->clues[text->family];
	switch (text->use) {
	case TEXT_PROOF:
		clue->seen |= text->bit;
		break;
	case TEXT_PREFIX: {
		size_t bytes = strcspn(strchr(strings_of[text->family], '*') + 1, "\n");
		if (copy_prefix(clue->prefix, begin, at, at + bytes, end))
			clue->seen |= text->bit;
		break;
	}
	case TEXT_VERSION:
		if (!clue->version[0])
			copy_version(clue->version, at + strcspn(version_of[text->family], "#"),
				     end);
		break;
	case TEXT_OURS:
		f->ours = true;
		break;
	}
}

void family_clues_find(struct family_texts *texts, const struct constants *in, size_t count,
		       struct family_clue *clues)
{
	struct finding f = { texts, clues, false };
	memset(clues, 0, FAMILY_COUNT * sizeof(*clues));
	for (size_t i = 0; i < count; i++)
		text_search_run(texts->search, &in[i], on_hit, &f);
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		clues[i].proved = !f.ours && texts->needed[i] && clues[i].seen == texts->needed[i];
}

/* ---- versions in strings ---- */

/* "^TEXT#REST" taken apart. */
struct pattern {
	const char *text, *rest;
	size_t text_bytes, rest_bytes;
	bool to_end; /* REST is the string's end */
	char *out;
};

/* How long digits, dots and dashes are at `at` if they have a dot and what follows is right; 0 if
 * not. */
static size_t version_bytes(const struct pattern *p, const uint8_t *at, const uint8_t *end)
{
	size_t bytes = 0;
	bool dot = false;
	while (at + bytes < end && bytes < FAMILY_VERSION_BYTES &&
	       (isdigit(at[bytes]) || at[bytes] == '.' ||
		(at[bytes] == '-' && isdigit(at[bytes + 1])))) {
		dot |= at[bytes] == '.';
		bytes++;
	}
	return dot && (size_t)(end - at) > bytes + p->rest_bytes &&
			       memcmp(at + bytes, p->rest, p->rest_bytes) == 0 &&
			       (!p->to_end || at[bytes] == '\0')
		       ? bytes
		       : 0;
}

/* The first place from `at` on where a string begins; `to` if there is none before that. */
static const uint8_t *next_string(const uint8_t *begin, const uint8_t *at, const uint8_t *to)
{
	if (at >= to || at == begin || at[-1] == '\0')
		return at;
	const uint8_t *before = memchr(at, '\0', (size_t)(to - at));
	return before ? before + 1 : to;
}

static bool look_for_version(void *context, const uint8_t *begin, const uint8_t *from,
			     const uint8_t *to, const uint8_t *end)
{
	const struct pattern *p = context;
	for (const uint8_t *at = next_string(begin, from, to); at < to;
	     at = next_string(begin, at + 1, to)) {
		const uint8_t *digits = at + p->text_bytes;
		if (digits >= end - 1 || !isdigit(*digits) ||
		    memcmp(at, p->text, p->text_bytes) != 0 || !version_bytes(p, digits, end - 1))
			continue;
		copy_version(p->out, digits, end);
		return false;
	}
	return true;
}

void family_clues_version_in_string(const struct constants *in, const char *how, char *out)
{
	size_t text_bytes = strcspn(how, "#");
	struct pattern p = { how, how + text_bytes + 1, text_bytes, 0, false, out };
	p.rest_bytes = strcspn(p.rest, "|");
	p.to_end = p.rest_bytes == 1 && *p.rest == '$';
	if (p.to_end)
		p.rest_bytes = 0;
	out[0] = '\0';
	constants_read(in, look_for_version, &p);
}

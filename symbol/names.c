/* names.c - see names.h. */
#include "symbol/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "symbol/demangle.h"
#include "util/mem.h"

enum { FIRST_ROOM = 1024 };

struct name_entry {
	uint64_t hash;
	const char *text;   /* as it came, terminated */
	const char *pretty; /* demangled; equal to text if it is not mangled; NULL: not asked yet */
	size_t len;
};

void names_init(struct names *names, struct pool *pool)
{
	*names = (struct names){ .pool = pool, .room = FIRST_ROOM, .scratch = STRBUF_INIT };
	names->entries = mem_zalloc(names->room, sizeof(*names->entries));
}

void names_release(struct names *names)
{
	free(names->entries);
	strbuf_release(&names->scratch);
	names->entries = NULL;
	names->count = names->room = 0;
}

static struct name_entry *slot_of(const struct names *names, uint64_t hash, const char *text,
				  size_t len)
{
	size_t mask = names->room - 1;
	for (size_t at = hash_u64(hash) & mask;; at = (at + 1) & mask) {
		struct name_entry *entry = &names->entries[at];
		if (!entry->text || (entry->hash == hash && entry->len == len &&
				     memcmp(entry->text, text, len) == 0))
			return entry;
	}
}

static void grow(struct names *names)
{
	struct names larger = *names;
	larger.room = names->room * 2;
	larger.entries = mem_zalloc(larger.room, sizeof(*larger.entries));
	for (size_t i = 0; i < names->room; i++) {
		const struct name_entry *old = &names->entries[i];
		if (old->text)
			*slot_of(&larger, old->hash, old->text, old->len) = *old;
	}
	free(names->entries);
	*names = larger;
}

static struct name_entry *intern(struct names *names, const char *text, size_t len)
{
	uint64_t hash = hash_bytes(text, len);
	struct name_entry *entry = slot_of(names, hash, text, len);
	if (entry->text)
		return entry;
	if (names->count * 4 >= names->room * 3) {
		grow(names);
		entry = slot_of(names, hash, text, len);
	}
	names->count++;
	*entry = (struct name_entry){ .hash = hash,
				      .text = pool_text(names->pool, text, len),
				      .len = len };
	return entry;
}

const char *names_plain(struct names *names, const char *text, size_t len)
{
	return intern(names, text, len)->text;
}

const char *names_function(struct names *names, const char *raw, size_t len)
{
	struct name_entry *entry = intern(names, raw, len);
	if (!entry->pretty) {
		strbuf_clear(&names->scratch);
		entry->pretty =
			demangle(entry->text, &names->scratch)
				? pool_text(names->pool, names->scratch.text, names->scratch.len)
				: entry->text;
	}
	return entry->pretty;
}

/* strings_out.c - see strings_out.h. */
#include "trace/strings_out.h"

#include "base/hash.h"

enum { FIRST_TABLE_SIZE = 1024 };

void strings_out_release(struct strings_out *s)
{
	free(s->table);
	bytes_release(&s->text);
	memset(s, 0, sizeof(*s));
}

void strings_out_clear(struct strings_out *s)
{
	if (s->count)
		memset(s->table, 0, s->table_size * sizeof(*s->table));
	s->count = 0;
	s->text.len = 0;
}

static struct string_entry *find_place(const struct strings_out *s, uint64_t hash, const char *text,
				       size_t len)
{
	size_t i = hash_u64(hash) & (s->table_size - 1);
	for (;; i = (i + 1) & (s->table_size - 1)) {
		struct string_entry *e = &s->table[i];
		if (!e->number)
			return e;
		if (e->hash == hash && e->len == len &&
		    memcmp(s->text.data + e->offset, text, len) == 0)
			return e;
	}
}

static void grow(struct strings_out *s)
{
	struct strings_out old = *s;
	s->table_size = old.table_size ? old.table_size * 2 : FIRST_TABLE_SIZE;
	s->table = mem_zalloc(s->table_size, sizeof(*s->table));
	for (size_t i = 0; i < old.table_size; i++) {
		const struct string_entry *e = &old.table[i];
		if (e->number)
			*find_place(s, e->hash, (const char *)s->text.data + e->offset, e->len) =
				*e;
	}
	free(old.table);
}

uint32_t strings_out_number(struct strings_out *s, const char *text, size_t len, bool *is_new)
{
	if (s->count * 2 >= s->table_size)
		grow(s);
	uint64_t hash = hash_bytes(text, len);
	struct string_entry *e = find_place(s, hash, text, len);
	*is_new = !e->number;
	if (*is_new) {
		e->hash = hash;
		e->offset = s->text.len;
		e->len = (uint32_t)len;
		e->number = ++s->count;
		bytes_add(&s->text, text, len);
	}
	return e->number;
}

/* embedded_symbols.c - see embedded_symbols.h. */
#include "trace/embedded_symbols.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "util/mem.h"

enum { FIRST_PLACES = 1024 };

/* The strings of the chunk being read, by number. */
struct string_list {
	const char **text;
	size_t count;
	size_t cap;
};

void embedded_symbols_release(struct embedded_symbols *t)
{
	free(t->places);
	free(t->symbols);
	memset(t, 0, sizeof(*t));
}

static struct symbol_place *find_place(const struct embedded_symbols *t, uint32_t module,
				       uint64_t offset)
{
	size_t i = hash_pair(module, offset) & (t->place_size - 1);
	for (;; i = (i + 1) & (t->place_size - 1)) {
		struct symbol_place *p = &t->places[i];
		if (!p->used || (p->module == module && p->offset == offset))
			return p;
	}
}

static void grow_places(struct embedded_symbols *t)
{
	struct symbol_place *old = t->places;
	size_t old_size = t->place_size;
	t->place_size = old_size ? old_size * 2 : FIRST_PLACES;
	t->places = mem_zalloc(t->place_size, sizeof(*t->places));
	for (size_t i = 0; i < old_size; i++)
		if (old[i].used)
			*find_place(t, old[i].module, old[i].offset) = old[i];
	free(old);
}

static const char *read_string(struct string_list *list, struct cursor *in)
{
	uint64_t number = cursor_below(in, list->count + 2);
	if (number == 0)
		return NULL;
	if (number <= list->count)
		return list->text[number - 1];
	const char *text = cursor_text(in);
	list->text = mem_grow(list->text, &list->cap, list->count + 1, sizeof(*list->text));
	list->text[list->count++] = text;
	return text;
}

static void read_positions(struct embedded_symbols *t, struct string_list *list, struct cursor *in,
			   uint64_t count)
{
	t->symbols =
		mem_grow(t->symbols, &t->symbol_cap, t->symbol_count + count, sizeof(*t->symbols));
	for (uint64_t i = 0; i < count; i++) {
		struct trace_symbol *s = &t->symbols[t->symbol_count++];
		s->function = read_string(list, in);
		s->file = read_string(list, in);
		uint64_t line = cursor_below(in, UINT64_C(1) << 33);
		s->line = (uint32_t)(line >> 1);
		s->inlined = line & 1;
	}
}

static const char *read_pairs(struct embedded_symbols *t, struct string_list *list,
			      struct cursor *in, uint32_t count, size_t module_count)
{
	uint64_t module = 0, offset = 0;
	for (uint32_t i = 0; i < count; i++) {
		module += (uint64_t)zigzag_decode(cursor_varint(in));
		offset += (uint64_t)zigzag_decode(cursor_varint(in));
		/* A position takes at least three bytes, which bounds the room asked for. */
		uint64_t positions = cursor_below(in, cursor_left(in) / 3 + 1);
		if (in->bad || module >= module_count || t->symbol_count + positions > UINT32_MAX)
			return "a symbol is malformed";
		size_t first = t->symbol_count;
		read_positions(t, list, in, positions);
		if (in->bad)
			return "a symbol is malformed";
		if (t->place_count * 2 >= t->place_size)
			grow_places(t);
		struct symbol_place *p = find_place(t, (uint32_t)module, offset);
		if (p->used) {
			t->symbol_count = first;
			continue;
		}
		*p = (struct symbol_place){ .offset = offset,
					    .module = (uint32_t)module,
					    .used = 1,
					    .first = (uint32_t)first,
					    .count = (uint32_t)positions };
		t->place_count++;
	}
	return in->at == in->end ? NULL : "bytes after the last symbol";
}

const char *embedded_symbols_read(struct embedded_symbols *t, struct cursor in, uint32_t count,
				  size_t module_count)
{
	struct string_list list = { 0 };
	const char *wrong = read_pairs(t, &list, &in, count, module_count);
	free(list.text);
	return wrong;
}

const struct trace_symbol *embedded_symbols_find(const struct embedded_symbols *t, uint32_t module,
						 uint64_t offset, size_t *count)
{
	*count = 0;
	if (!t->place_size)
		return NULL;
	const struct symbol_place *p = find_place(t, module, offset);
	if (!p->used || !p->count)
		return NULL;
	*count = p->count;
	return t->symbols + p->first;
}

/* heuristics.c - pointers into the middle of a block that compilers and libraries make where they
 * mean its start: the four of Valgrind's manual, and one more.
 *
 *   std::string of the old ABI   | length | capacity | references | text ...    points to the text
 *   new[] with destructors       | count | element | element ...               to the first element
 *   a block with its length      | bytes that follow | ...                     behind the length
 *   a second base class          | vtable | ... | vtable | ...                 to that vtable
 *   aligned by hand              | ... | start | bytes ...                     behind the start
 */
#include "scan/mark.h"

enum { WORD = 8, STRING_HEADER_BYTES = 3 * WORD };

static bool is_string(const uint64_t *head, uint64_t offset, uint64_t size)
{
	uint64_t length = head[0], capacity = head[1];
	return offset == STRING_HEADER_BYTES && length <= capacity &&
	       capacity == size - STRING_HEADER_BYTES - 1;
}

static bool is_array(const uint64_t *head, uint64_t offset, uint64_t size)
{
	return offset == WORD && head[0] > 0 && head[0] <= size - WORD &&
	       (size - WORD) % head[0] == 0;
}

static bool is_with_length(const uint64_t *head, uint64_t offset, uint64_t size)
{
	return offset == WORD && head[0] == size - WORD;
}

/* Aligned inside a larger block by the program itself, or by a library: beside it is what free()
 * will get. ld.so's tables have that in their second word. */
static bool is_aligned_by_hand(const struct mark *m, uint64_t pointer, uint64_t start, uint64_t end)
{
	uint64_t word;
	if (pointer % WORD)
		return false;
	if (pointer - start >= WORD && read_cache_get(m->cache, pointer - WORD, &word, WORD) &&
	    word == start)
		return true;
	return end - pointer >= 2 * (uint64_t)WORD &&
	       read_cache_get(m->cache, pointer + WORD, &word, WORD) && word == start;
}

/* What a pointer to a vtable points to: the first virtual functions, in a file's mapping. */
static bool is_vtable(const struct mark *m, uint64_t at)
{
	const struct mapping *in = at % WORD == 0 ? address_space_find(m->space, at) : NULL;
	uint64_t functions[2];
	if (!in || in->kind != MAPPED_FILE || !in->readable ||
	    !read_cache_get(m->cache, at, functions, sizeof(functions)))
		return false;
	for (unsigned i = 0; i < 2; i++) {
		const struct mapping *code = address_space_find(m->space, functions[i]);
		if (code && code->executable)
			return true;
	}
	return false;
}

bool heuristics_know(const struct mark *m, const struct candidate *c)
{
	uint64_t start = m->blocks->starts[c->block], offset = c->pointer - start;
	uint64_t size = block_size(&m->blocks->records[c->block]), inner;
	uint64_t head[3] = { 0, 0, 0 };
	size_t have = size < sizeof(head) ? size & ~(uint64_t)(WORD - 1) : sizeof(head);
	if (offset + WORD > size || !read_cache_get(m->cache, start, head, have))
		return false;
	if (is_string(head, offset, size) || is_array(head, offset, size) ||
	    is_with_length(head, offset, size) ||
	    is_aligned_by_hand(m, c->pointer, start, start + size))
		return true;
	return read_cache_get(m->cache, c->pointer, &inner, sizeof(inner)) && is_vtable(m, inner) &&
	       is_vtable(m, head[0]);
}

/* text_search.c - see text_search.h. */
#include "elf/text_search.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "util/mem.h"

enum {
	PIECE_BYTES = 256 << 10,
	MAX_PARTS = 4096,
	MAX_TEXTS = 64,
	PAIRS = 1 << 16,
};

/* A text in one file: more than that is not looked at. */
static const uint64_t max_file_bytes = UINT64_C(2) << 30;

struct text {
	const char *text;
	size_t bytes;
	uint16_t pair; /* the last two bytes of its first TEXT_SEARCH_MIN_BYTES */
};

struct text_search {
	struct text texts[MAX_TEXTS];
	size_t count;
	/* How far the window may move on when these two bytes are its last. */
	uint8_t shift[PAIRS];
};

static uint16_t pair_at(const void *p)
{
	uint16_t pair;
	memcpy(&pair, p, sizeof(pair));
	return pair;
}

struct text_search *text_search_new(void)
{
	struct text_search *search = mem_alloc(sizeof(*search));
	search->count = 0;
	memset(search->shift, TEXT_SEARCH_MIN_BYTES - 1, sizeof(search->shift));
	return search;
}

void text_search_free(struct text_search *search)
{
	free(search);
}

void text_search_add(struct text_search *search, const char *text, size_t bytes)
{
	struct text *t = &search->texts[search->count];
	if (search->count == MAX_TEXTS || bytes < TEXT_SEARCH_MIN_BYTES)
		abort(); /* the lists are ours: see wire/families.def */
	search->count++;
	*t = (struct text){ text, bytes, pair_at(text + TEXT_SEARCH_MIN_BYTES - 2) };
	for (unsigned i = 0; i + 2 <= TEXT_SEARCH_MIN_BYTES; i++) {
		uint8_t *shift = &search->shift[pair_at(text + i)];
		uint8_t distance = (uint8_t)(TEXT_SEARCH_MIN_BYTES - 2 - i);
		if (distance < *shift)
			*shift = distance;
	}
}

/* ---- the constants of a file ---- */

/* Sections that can be large and hold no text. */
static bool has_text(const char *name)
{
	static const char *const without[] = { ".eh_frame", ".gcc_except_table", ".data.rel.ro",
					       ".got" };
	for (size_t i = 0; i < AT_COUNT_OF(without); i++)
		if (strncmp(name, without[i], strlen(without[i])) == 0)
			return false;
	return true;
}

static size_t find_sections(Elf *elf, struct file_part *parts)
{
	const struct elf_strings names = elf_section_names(elf);
	size_t count = 0;
	Elf_Scn *section = NULL;
	while (count < MAX_PARTS && (section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_PROGBITS ||
		    !(shdr.sh_flags & SHF_ALLOC) || shdr.sh_flags & SHF_EXECINSTR)
			continue;
		const char *name = elf_strings_at(&names, shdr.sh_name);
		if (!name || has_text(name))
			parts[count++] = (struct file_part){ shdr.sh_offset, shdr.sh_size };
	}
	return count;
}

static size_t find_segments(Elf *elf, struct file_part *parts)
{
	size_t all, count = 0;
	if (elf_getphdrnum(elf, &all) != 0)
		return 0;
	for (size_t i = 0; i < all && count < MAX_PARTS; i++) {
		GElf_Phdr phdr;
		if (!gelf_getphdr(elf, (int)i, &phdr))
			break;
		if (phdr.p_type == PT_LOAD && !(phdr.p_flags & PF_W))
			parts[count++] = (struct file_part){ phdr.p_offset, phdr.p_filesz };
	}
	return count;
}

/* Reads one part with what is needed around each piece kept from the one before. */
static bool read_part(const struct elf_file *file, struct file_part part, uint8_t *buffer,
		      constants_look *look, void *context)
{
	size_t have = 0, from = 0;
	for (bool last = false; !last;) {
		size_t want = part.bytes < PIECE_BYTES ? (size_t)part.bytes : PIECE_BYTES;
		size_t got = elf_file_read(file, part.offset, buffer + have, want);
		part.offset += got;
		part.bytes -= got;
		have += got;
		last = got < want || part.bytes == 0;
		size_t to = last ? have : have < TEXT_SEARCH_AFTER ? 0 : have - TEXT_SEARCH_AFTER;
		if (to > from && !look(context, buffer, buffer + from, buffer + to, buffer + have))
			return false;
		from = to > from ? to : from;
		size_t drop = from > TEXT_SEARCH_BEFORE ? from - TEXT_SEARCH_BEFORE : 0;
		memmove(buffer, buffer + drop, have - drop);
		have -= drop;
		from -= drop;
	}
	return true;
}

static size_t find_parts(const struct constants *in, struct file_part *parts)
{
	size_t count = in->part_count < MAX_PARTS ? in->part_count : MAX_PARTS;
	if (in->parts) {
		memcpy(parts, in->parts, count * sizeof(*parts));
		return count;
	}
	count = find_sections(in->file->elf, parts);
	return count ? count : find_segments(in->file->elf, parts);
}

void constants_read(const struct constants *in, constants_look *look, void *context)
{
	struct file_part *parts = mem_alloc(MAX_PARTS * sizeof(*parts));
	uint8_t *buffer = mem_alloc(PIECE_BYTES + TEXT_SEARCH_BEFORE + TEXT_SEARCH_AFTER);
	/* Parts of a damaged file can lie over each other, many times: together they are not read
	 * for longer than a whole file is. */
	uint64_t size = elf_file_size(in->file),
		 left = size < max_file_bytes ? size : max_file_bytes;
	size_t count = find_parts(in, parts);
	for (size_t i = 0; i < count && left > 0; i++) {
		if (parts[i].bytes > left)
			parts[i].bytes = left;
		left -= parts[i].bytes;
		if (!read_part(in->file, parts[i], buffer, look, context))
			break;
	}
	free(buffer);
	free(parts);
}

/* ---- the search ---- */

struct searching {
	const struct text_search *search;
	text_search_hit *hit;
	void *context;
};

static void compare(const struct searching *s, uint16_t pair, const uint8_t *begin,
		    const uint8_t *at, const uint8_t *end)
{
	for (size_t i = 0; i < s->search->count; i++) {
		const struct text *t = &s->search->texts[i];
		if (t->pair == pair && (size_t)(end - at) >= t->bytes &&
		    memcmp(at, t->text, t->bytes) == 0)
			s->hit(s->context, i, begin, at, end);
	}
}

static bool search_piece(void *context, const uint8_t *begin, const uint8_t *from,
			 const uint8_t *to, const uint8_t *end)
{
	const struct searching *s = context;
	const uint8_t *shifts = s->search->shift;
	const uint8_t *at = from;
	if ((size_t)(end - from) < TEXT_SEARCH_MIN_BYTES)
		return true;
	if ((size_t)(end - to) < TEXT_SEARCH_MIN_BYTES)
		to = end - TEXT_SEARCH_MIN_BYTES + 1;
	while (at < to) {
		uint16_t pair = pair_at(at + TEXT_SEARCH_MIN_BYTES - 2);
		unsigned shift = shifts[pair];
		if (AT_UNLIKELY(shift == 0)) {
			compare(s, pair, begin, at, end);
			shift = 1;
		}
		at += shift;
	}
	return true;
}

void text_search_run(struct text_search *search, const struct constants *in, text_search_hit *hit,
		     void *context)
{
	struct searching s = { search, hit, context };
	constants_read(in, search_piece, &s);
}

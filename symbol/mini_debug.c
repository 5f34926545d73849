/* mini_debug.c - see mini_debug.h. Unpacked here and not by libdwfl because a few kilobytes of a
 * hostile file can unpack to any size: memory is bounded. */
#include "symbol/mini_debug.h"

#include <lzma.h>
#include <stdlib.h>

#include "util/mem.h"

enum {
	FIRST_BYTES = 1 << 20,
	UNPACKED_MAX_BYTES = 256 << 20,
	DECODER_MAX_BYTES = 256 << 20,
};

/* Runs the decoder until its end into memory that grows; NULL if it is damaged or too large. */
static void *unpack(lzma_stream *stream, size_t *bytes)
{
	size_t room = FIRST_BYTES;
	uint8_t *out = mem_alloc(room);
	lzma_ret status = LZMA_OK;
	stream->next_out = out;
	stream->avail_out = room;
	while ((status = lzma_code(stream, LZMA_FINISH)) == LZMA_OK) {
		if (stream->avail_out > 0)
			continue;
		if (room >= UNPACKED_MAX_BYTES)
			break;
		out = mem_realloc(out, room, 2);
		stream->next_out = out + room;
		stream->avail_out = room;
		room *= 2;
	}
	*bytes = room - stream->avail_out;
	if (status == LZMA_STREAM_END)
		return out;
	free(out);
	return NULL;
}

bool mini_debug_open(struct elf_file *file, Elf *stripped)
{
	Elf_Scn *section = elf_section_named(stripped, ".gnu_debugdata");
	Elf_Data *packed = section ? elf_rawdata(section, NULL) : NULL;
	lzma_stream stream = LZMA_STREAM_INIT;
	if (!packed || !packed->d_buf ||
	    lzma_stream_decoder(&stream, DECODER_MAX_BYTES, 0) != LZMA_OK)
		return false;
	stream.next_in = packed->d_buf;
	stream.avail_in = packed->d_size;
	size_t bytes;
	void *image = unpack(&stream, &bytes);
	lzma_end(&stream);
	return image && elf_file_from_image(file, image, bytes, ".gnu_debugdata", NULL) == 0;
}

/* surgery.c - see surgery.h. */
#include "tests/trace/surgery.h"

#include <stdio.h>
#include <string.h>

#include "tests/trace/check.h"
#include "trace/deflate.h"

void file_load(struct bytes *b, const char *path)
{
	FILE *f = fopen(path, "rb");
	CHECK(f, "%s", path);
	b->len = 0;
	for (;;) {
		size_t n = fread(bytes_reserve(b, 65536), 1, 65536, f);
		if (n == 0)
			break;
		b->len += n;
	}
	fclose(f);
}

void file_save(const struct bytes *b, const char *path)
{
	FILE *f = fopen(path, "wb");
	CHECK(f, "%s", path);
	size_t n = b->len ? fwrite(b->data, 1, b->len, f) : 0;
	CHECK(fclose(f) == 0 && n == b->len, "%s", path);
}

void trace_add_file_header(struct bytes *b, uint32_t version)
{
	uint8_t *h = bytes_reserve(b, FORMAT_HEADER_BYTES);
	memcpy(h, FORMAT_MAGIC, FORMAT_MAGIC_BYTES);
	format_put_u32(h + 8, version);
	format_put_u32(h + 12, deflate_crc32(h, 12));
	b->len += FORMAT_HEADER_BYTES;
}

void trace_add_chunk(struct bytes *b, unsigned type, unsigned flags, uint32_t count,
		     const void *payload, size_t bytes, uint32_t raw_bytes)
{
	uint8_t *h = bytes_reserve(b, FORMAT_CHUNK_HEADER_BYTES);
	memset(h, 0, FORMAT_CHUNK_HEADER_BYTES);
	h[0] = (uint8_t)type;
	h[1] = (uint8_t)flags;
	format_put_u32(h + 4, (uint32_t)bytes);
	format_put_u32(h + 8, raw_bytes);
	format_put_u32(h + 12, count);
	format_put_u32(h + 16, deflate_crc32(payload, bytes));
	format_put_u32(h + 20, deflate_crc32(h, 20));
	b->len += FORMAT_CHUNK_HEADER_BYTES;
	bytes_add(b, payload, bytes);
}

static void add_plain_chunk(struct bytes *out, const uint8_t *in, struct inflater *inflater)
{
	uint32_t stored = format_get_u32(in + 4), raw = format_get_u32(in + 8);
	uint8_t *payload = mem_alloc(raw);
	CHECK(!(in[1] & (CHUNK_FLAG_TWICE | CHUNK_FLAG_PARTS)),
	      "small traces are not compressed twice or in parts");
	if (in[1] & CHUNK_FLAG_PLAIN)
		memcpy(payload, in + FORMAT_CHUNK_HEADER_BYTES, raw);
	else
		CHECK(inflater_run(inflater, in + FORMAT_CHUNK_HEADER_BYTES, stored, payload,
				   raw) == 0,
		      "a good chunk expands");
	trace_add_chunk(out, in[0], CHUNK_FLAG_PLAIN, format_get_u32(in + 12), payload, raw, raw);
	free(payload);
}

static void add_index(struct bytes *out, const struct bytes *index, uint32_t count,
		      const uint8_t *old_end)
{
	uint8_t end[FORMAT_END_BYTES] = { 0 };
	format_put_u64(end, out->len);
	memcpy(end + 8, old_end + 8, 8);
	trace_add_chunk(out, CHUNK_INDEX, CHUNK_FLAG_PLAIN, count, index->data, index->len,
			(uint32_t)index->len);
	trace_add_chunk(out, CHUNK_END, CHUNK_FLAG_PLAIN, 0, end, sizeof(end), sizeof(end));
}

void trace_make_plain(struct bytes *out, const struct bytes *in)
{
	struct inflater *inflater = inflater_new();
	struct bytes index = { 0 };
	uint32_t entries = 0;
	size_t last = 0;
	out->len = 0;
	bytes_add(out, in->data, FORMAT_HEADER_BYTES);
	for (size_t at = FORMAT_HEADER_BYTES; at < in->len;) {
		const uint8_t *h = in->data + at;
		at += FORMAT_CHUNK_HEADER_BYTES + format_get_u32(h + 4);
		if (h[0] == CHUNK_INDEX || h[0] == CHUNK_END)
			continue;
		if (h[0] != CHUNK_EVENTS) {
			bytes_add_varint(&index, h[0]);
			bytes_add_varint(&index, out->len - last);
			last = out->len;
			entries++;
		}
		add_plain_chunk(out, h, inflater);
	}
	add_index(out, &index, entries, in->data + in->len - FORMAT_END_BYTES);
	bytes_release(&index);
	inflater_free(inflater);
}

void trace_fix_checksums(uint8_t *data, size_t len)
{
	if (len < FORMAT_HEADER_BYTES)
		return;
	format_put_u32(data + 12, deflate_crc32(data, 12));
	size_t at = FORMAT_HEADER_BYTES;
	while (len - at >= FORMAT_CHUNK_HEADER_BYTES) {
		uint8_t *h = data + at;
		size_t stored = format_get_u32(h + 4);
		if (stored > len - at - FORMAT_CHUNK_HEADER_BYTES)
			stored = len - at - FORMAT_CHUNK_HEADER_BYTES;
		format_put_u32(h + 16, deflate_crc32(h + FORMAT_CHUNK_HEADER_BYTES, stored));
		format_put_u32(h + 20, deflate_crc32(h, 20));
		at += FORMAT_CHUNK_HEADER_BYTES + stored;
	}
}

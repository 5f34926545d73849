/* reader.c - the trace file seen as a sequence of checked chunks, and the reader's interface.
 *
 * Memory: the tables, and one chunk at a time. The file may be cut or damaged anywhere; then
 * `damage` says where and the trace ends there. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/reader_state.h"
#include "util/mem.h"

/* deflate cannot do better than 1:1032; who claims more wants our memory. */
enum { MAX_RATIO = 1032, RATIO_SLACK = 4096 };

/* What reading a chunk came to. */
enum step {
	STEP_FAILED = -1, /* I/O error; err is set */
	STEP_END = 0,	  /* the trace ends here, whole or damaged */
	STEP_CHUNK = 1,
};

static enum step damaged(struct trace_reader *r, const char *fmt, ...) AT_PRINTF(2, 3);

static enum step damaged(struct trace_reader *r, const char *fmt, ...)
{
	if (!r->damage[0]) {
		va_list args;
		va_start(args, fmt);
		vsnprintf(r->damage, sizeof(r->damage), fmt, args);
		va_end(args);
	}
	r->ended = true;
	return STEP_END;
}

static enum step cut_off(struct trace_reader *r)
{
	return damaged(r,
		       "cut off after %llu of at least %llu bytes: alloctrace was killed or "
		       "the disk was full; what came before is complete",
		       (unsigned long long)r->position, (unsigned long long)r->file_bytes);
}

/* Reads exactly bytes at offset: 1; 0 when the file is shorter; -1 with errno. */
static int read_at(const struct trace_reader *r, void *out, size_t bytes, uint64_t offset)
{
	uint8_t *to = out;
	while (bytes) {
		ssize_t n = pread(r->fd, to, bytes, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		to += n;
		offset += (uint64_t)n;
		bytes -= (size_t)n;
	}
	return 1;
}

static enum step read_failed(const struct trace_reader *r, struct err *err)
{
	err_set_errno(err, "%s: reading failed", r->name);
	return STEP_FAILED;
}

static int check_file_header(struct trace_reader *r, struct err *err)
{
	uint8_t h[FORMAT_HEADER_BYTES];
	int got = read_at(r, h, sizeof(h), 0);
	if (got < 0)
		return err_set_errno(err, "%s: reading failed", r->name);
	if (got == 0 || memcmp(h, FORMAT_MAGIC, FORMAT_MAGIC_BYTES) != 0)
		return err_set(err, "%s: is not an alloctrace trace", r->name);
	if (format_get_u32(h + 12) != deflate_crc32(h, 12))
		return err_set(err, "%s: the header of this trace is damaged", r->name);
	r->version = format_get_u32(h + 8);
	if (r->version < 1 || r->version > TRACE_VERSION)
		return err_set(err,
			       "%s: has format version %u, this alloctrace reads up to %u: "
			       "use the alloctrace that wrote it, or a later one",
			       r->name, r->version, (unsigned)TRACE_VERSION);
	r->position = FORMAT_HEADER_BYTES;
	return 0;
}

static int open_file(struct trace_reader *r, struct err *err)
{
	struct stat st;
	/* O_NONBLOCK: opening a FIFO by mistake must not wait. */
	r->fd = open(r->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return err_set_errno(err, "%s", r->name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s: is not a regular file", r->name);
	r->file_bytes = (uint64_t)st.st_size;
	return check_file_header(r, err);
}

struct trace_reader *trace_reader_open(const char *path, struct err *err)
{
	struct trace_reader *r = mem_zalloc(1, sizeof(*r));
	r->fd = -1;
	r->name = mem_strdup(path);
	r->inflater = inflater_new();
	trace_tables_init(&r->tables);
	decoder_init(&r->decoder);
	if (open_file(r, err) == 0)
		return r;
	trace_reader_close(r);
	return NULL;
}

void trace_reader_close(struct trace_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	while (r->kept) {
		struct kept_payload *next = r->kept->next;
		free(r->kept);
		r->kept = next;
	}
	trace_tables_release(&r->tables);
	embedded_symbols_release(&r->symbols);
	decoder_release(&r->decoder);
	inflater_free(r->inflater);
	free(r->stored);
	free(r->raw);
	free(r->name);
	free(r);
}

/* Whether a stream of so many bytes can give so many. */
static bool credible(uint64_t stored_bytes, uint64_t raw_bytes)
{
	return raw_bytes <= stored_bytes * MAX_RATIO + RATIO_SLACK;
}

static bool parse_chunk_header(const uint8_t *in, struct chunk_header *h)
{
	h->type = in[0];
	h->flags = in[1];
	h->stored_bytes = format_get_u32(in + 4);
	h->raw_bytes = format_get_u32(in + 8);
	h->count = format_get_u32(in + 12);
	h->crc = format_get_u32(in + 16);
	if (format_get_u32(in + 20) != deflate_crc32(in, 20) ||
	    h->stored_bytes > FORMAT_MAX_CHUNK_BYTES || h->raw_bytes > FORMAT_MAX_CHUNK_BYTES)
		return false;
	switch (h->flags) {
	case CHUNK_FLAG_PLAIN:
		return h->stored_bytes == h->raw_bytes;
	case CHUNK_FLAG_TWICE:
		return h->stored_bytes > FORMAT_TWICE_HEAD_BYTES &&
		       h->raw_bytes <= FORMAT_MAX_TWICE_BYTES;
	case CHUNK_FLAG_PARTS:
		return credible(h->stored_bytes, h->raw_bytes);
	default:
		return h->flags == 0 && credible(h->stored_bytes, h->raw_bytes);
	}
}

/* The header of the chunk at r->position, which is then the next one's. */
static enum step next_header(struct trace_reader *r, struct chunk_header *h, struct err *err)
{
	uint8_t bytes[FORMAT_CHUNK_HEADER_BYTES];
	uint64_t left = r->file_bytes - r->position;
	if (left == 0)
		return damaged(r,
			       "ends after %llu bytes without its end record: alloctrace was "
			       "killed, or it is still writing; what is there is complete",
			       (unsigned long long)r->position);
	if (left < sizeof(bytes))
		return cut_off(r);
	int got = read_at(r, bytes, sizeof(bytes), r->position);
	if (got < 0)
		return read_failed(r, err);
	if (got == 0)
		return cut_off(r);
	if (!parse_chunk_header(bytes, h))
		return damaged(r, "damaged from byte %llu on: a chunk's header is wrong",
			       (unsigned long long)r->position);
	if (left - sizeof(bytes) < h->stored_bytes)
		return cut_off(r);
	r->chunk_position = r->position;
	r->position += sizeof(bytes) + h->stored_bytes;
	r->chunks++;
	return STEP_CHUNK;
}

static enum step bad_chunk(struct trace_reader *r, const char *what)
{
	r->position = r->chunk_position;
	return damaged(r, "damaged from byte %llu on: %s", (unsigned long long)r->position, what);
}

/* The payload of the chunk at r->chunk_position as it is stored (room for h->stored_bytes). */
static enum step read_stored(struct trace_reader *r, const struct chunk_header *h, uint8_t *stored,
			     struct err *err)
{
	int got =
		read_at(r, stored, h->stored_bytes, r->chunk_position + FORMAT_CHUNK_HEADER_BYTES);
	if (got < 0)
		return read_failed(r, err);
	if (got == 0)
		return bad_chunk(r, "the file has become shorter while it was read");
	if (deflate_crc32(stored, h->stored_bytes) != h->crc)
		return bad_chunk(r, "a chunk's checksum is wrong");
	return STEP_CHUNK;
}

static uint8_t *stored_buffer(struct trace_reader *r, const struct chunk_header *h)
{
	return r->stored = mem_grow(r->stored, &r->stored_cap, h->stored_bytes, 1);
}

static int expand_twice(struct trace_reader *r, const uint8_t *stored, size_t stored_bytes,
			uint8_t *raw, size_t raw_bytes)
{
	uint32_t middle_bytes = format_get_u32(stored);
	stored += FORMAT_TWICE_HEAD_BYTES;
	stored_bytes -= FORMAT_TWICE_HEAD_BYTES;
	if (middle_bytes > FORMAT_MAX_TWICE_BYTES || !credible(stored_bytes, middle_bytes) ||
	    !credible(middle_bytes, raw_bytes))
		return -1;
	uint8_t *middle = mem_alloc(middle_bytes);
	int result = inflater_run(r->inflater, stored, stored_bytes, middle, middle_bytes);
	if (result == 0)
		result = inflater_run(r->inflater, middle, middle_bytes, raw, raw_bytes);
	free(middle);
	return result;
}

static int expand_parts(struct trace_reader *r, const uint8_t *stored, size_t stored_left,
			uint8_t *raw, size_t raw_left)
{
	while (stored_left >= FORMAT_PART_HEAD_BYTES) {
		size_t raw_bytes = format_get_u32(stored);
		size_t stored_bytes = format_get_u32(stored + 4);
		stored += FORMAT_PART_HEAD_BYTES;
		stored_left -= FORMAT_PART_HEAD_BYTES;
		if (stored_bytes > stored_left || raw_bytes > raw_left)
			return -1;
		if (stored_bytes == raw_bytes)
			memcpy(raw, stored, raw_bytes);
		else if (inflater_run(r->inflater, stored, stored_bytes, raw, raw_bytes) < 0)
			return -1;
		stored += stored_bytes;
		stored_left -= stored_bytes;
		raw += raw_bytes;
		raw_left -= raw_bytes;
	}
	return stored_left || raw_left ? -1 : 0;
}

/* The payload, expanded into raw (room for h->raw_bytes). */
static enum step read_payload(struct trace_reader *r, const struct chunk_header *h, uint8_t *raw,
			      struct err *err)
{
	bool plain = h->flags == CHUNK_FLAG_PLAIN;
	uint8_t *stored = plain ? raw : stored_buffer(r, h);
	enum step step = read_stored(r, h, stored, err);
	int result = 0;
	if (step != STEP_CHUNK)
		return step;
	if (h->flags == CHUNK_FLAG_TWICE)
		result = expand_twice(r, stored, h->stored_bytes, raw, h->raw_bytes);
	else if (h->flags == CHUNK_FLAG_PARTS)
		result = expand_parts(r, stored, h->stored_bytes, raw, h->raw_bytes);
	else if (!plain)
		result = inflater_run(r->inflater, stored, h->stored_bytes, raw, h->raw_bytes);
	return result < 0 ? bad_chunk(r, "a chunk does not decompress") : STEP_CHUNK;
}

static const char *take_table(struct trace_reader *r, const struct chunk_header *h,
			      struct cursor in)
{
	switch (h->type) {
	case CHUNK_TABLES:
		return tables_read(&r->tables, in, h->count);
	case CHUNK_NODES:
		return tables_read_nodes(&r->tables, in, h->count);
	default:
		return embedded_symbols_read(&r->symbols, in, h->count, r->tables.module_count);
	}
}

static enum step read_table_chunk(struct trace_reader *r, const struct chunk_header *h,
				  struct err *err)
{
	struct kept_payload *kept = mem_alloc(sizeof(*kept) + h->raw_bytes);
	enum step step = read_payload(r, h, kept->data, err);
	if (step != STEP_CHUNK) {
		free(kept);
		return step;
	}
	const char *wrong = take_table(r, h, cursor_on(kept->data, h->raw_bytes));
	if (h->type == CHUNK_NODES) {
		free(kept);
	} else {
		kept->next = r->kept;
		r->kept = kept;
	}
	return wrong ? bad_chunk(r, wrong) : STEP_CHUNK;
}

static enum step read_end(struct trace_reader *r, const struct chunk_header *h, struct err *err)
{
	uint8_t payload[FORMAT_END_BYTES];
	if (h->raw_bytes != FORMAT_END_BYTES || h->flags != CHUNK_FLAG_PLAIN)
		return bad_chunk(r, "the end record is wrong");
	enum step step = read_payload(r, h, payload, err);
	if (step != STEP_CHUNK)
		return step;
	if (r->position != r->file_bytes)
		return damaged(r, "%llu bytes follow the end of the trace at byte %llu",
			       (unsigned long long)(r->file_bytes - r->position),
			       (unsigned long long)r->position);
	r->closed = true;
	r->ended = true;
	return STEP_END;
}

static enum step begin_events(struct trace_reader *r, const struct chunk_header *h, struct err *err)
{
	r->raw = mem_grow(r->raw, &r->raw_cap, h->raw_bytes, 1);
	enum step step = read_payload(r, h, r->raw, err);
	if (step == STEP_CHUNK)
		decoder_begin(&r->decoder, r->raw, h->raw_bytes, h->count);
	return step;
}

/* Goes on to the next chunk and takes it in. *events says that it has events to decode. */
static enum step next_chunk(struct trace_reader *r, bool *events, struct err *err)
{
	struct chunk_header h;
	*events = false;
	enum step step = next_header(r, &h, err);
	if (step != STEP_CHUNK)
		return step;
	switch (h.type) {
	case CHUNK_TABLES:
	case CHUNK_NODES:
	case CHUNK_SYMBOLS:
		if (r->chunk_position < r->loaded_bytes)
			return STEP_CHUNK;
		return read_table_chunk(r, &h, err);
	case CHUNK_EVENTS:
		*events = true;
		return begin_events(r, &h, err);
	case CHUNK_END:
		return read_end(r, &h, err);
	default: /* the index, or of a later alloctrace */
		return read_stored(r, &h, stored_buffer(r, &h), err);
	}
}

long trace_reader_next(struct trace_reader *r, struct trace_event *out, size_t max, struct err *err)
{
	if (max == 0)
		return 0;
	for (;;) {
		size_t n = decoder_next(&r->decoder, &r->tables, out, max);
		if (r->decoder.wrong)
			bad_chunk(r, r->decoder.wrong);
		/* The batch ends with the chunk: texts point into it. */
		if (n)
			return (long)n;
		if (r->ended)
			return 0;
		bool events;
		if (next_chunk(r, &events, err) == STEP_FAILED)
			return -1;
	}
}

/* ---- tables without events ---- */

/* The chunk at offset, of type `want`; its end must not lie behind `limit`. */
static bool seek_chunk(struct trace_reader *r, uint64_t offset, uint64_t limit,
		       struct chunk_header *h)
{
	if (offset < FORMAT_HEADER_BYTES || offset >= limit)
		return false;
	r->position = offset;
	return next_header(r, h, NULL) == STEP_CHUNK && r->position <= limit;
}

/* Finds the index by the end record: its offset, and its payload for the caller to free. NULL
 * when there is none, or not a good one. */
static uint8_t *find_index(struct trace_reader *r, struct chunk_header *h, uint64_t *offset)
{
	enum { END_CHUNK_BYTES = FORMAT_CHUNK_HEADER_BYTES + FORMAT_END_BYTES };
	uint8_t end[FORMAT_END_BYTES];
	uint64_t size = r->file_bytes;
	if (size < FORMAT_HEADER_BYTES + END_CHUNK_BYTES ||
	    !seek_chunk(r, size - END_CHUNK_BYTES, size, h) || h->type != CHUNK_END ||
	    h->raw_bytes != FORMAT_END_BYTES || h->flags != CHUNK_FLAG_PLAIN ||
	    read_payload(r, h, end, NULL) != STEP_CHUNK)
		return NULL;
	*offset = format_get_u64(end);
	if (!seek_chunk(r, *offset, size - END_CHUNK_BYTES, h) || h->type != CHUNK_INDEX)
		return NULL;
	uint8_t *payload = mem_alloc(h->raw_bytes);
	if (read_payload(r, h, payload, NULL) == STEP_CHUNK)
		return payload;
	free(payload);
	return NULL;
}

/* Reads the chunks that the index names and that were not read yet. */
static enum step load_indexed(struct trace_reader *r, struct cursor in, uint32_t count,
			      uint64_t from, uint64_t index_offset, struct err *err)
{
	uint64_t offset = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct chunk_header h;
		uint64_t type = cursor_varint(&in);
		offset += cursor_below(&in, index_offset - offset);
		if (in.bad || offset < FORMAT_HEADER_BYTES)
			return damaged(r, "the index is wrong");
		if (offset < from || type < CHUNK_TABLES || type > CHUNK_SYMBOLS)
			continue;
		if (!seek_chunk(r, offset, index_offset, &h) || h.type != type ||
		    type == CHUNK_EVENTS)
			return damaged(r, "the index is wrong");
		enum step step = read_table_chunk(r, &h, err);
		if (step != STEP_CHUNK)
			return step;
	}
	return STEP_CHUNK;
}

/* Goes from chunk to chunk; a trace that was cut off has no index. */
static enum step load_by_scan(struct trace_reader *r, struct err *err)
{
	for (;;) {
		struct chunk_header h;
		enum step step = next_header(r, &h, err);
		if (step != STEP_CHUNK)
			return step;
		if (h.type == CHUNK_END)
			return read_end(r, &h, err);
		if (h.type != CHUNK_TABLES && h.type != CHUNK_NODES && h.type != CHUNK_SYMBOLS)
			continue;
		step = read_table_chunk(r, &h, err);
		if (step != STEP_CHUNK)
			return step;
	}
}

static enum step load_tables(struct trace_reader *r, uint64_t from, struct err *err)
{
	struct chunk_header h;
	uint64_t index_offset;
	char damage[READER_DAMAGE_BYTES];
	memcpy(damage, r->damage, sizeof(damage));
	uint8_t *index = find_index(r, &h, &index_offset);
	if (index) {
		enum step step = load_indexed(r, cursor_on(index, h.raw_bytes), h.count, from,
					      index_offset, err);
		free(index);
		if (step != STEP_END)
			return step;
	}
	/* What looking for an index came upon says nothing about the trace itself. */
	memcpy(r->damage, damage, sizeof(damage));
	r->position = from;
	return load_by_scan(r, err);
}

int trace_reader_load_tables(struct trace_reader *r, struct err *err)
{
	if (r->tables_done)
		return 0;
	uint64_t position = r->position, chunk_position = r->chunk_position, chunks = r->chunks;
	bool ended = r->ended;
	enum step step = load_tables(r, position, err);
	r->loaded_bytes = step == STEP_CHUNK ? r->file_bytes : r->position;
	r->tables_done = step != STEP_FAILED;
	r->position = position;
	r->chunk_position = chunk_position;
	r->chunks = chunks;
	r->ended = ended;
	return step == STEP_FAILED ? -1 : 0;
}

/* ---- what is known ---- */

const char *trace_reader_damage(const struct trace_reader *r)
{
	return r->damage[0] ? r->damage : NULL;
}

uint64_t trace_reader_file_bytes(const struct trace_reader *r)
{
	return r->file_bytes;
}

uint64_t trace_reader_position(const struct trace_reader *r)
{
	return r->position;
}

unsigned trace_reader_version(const struct trace_reader *r)
{
	return r->version;
}

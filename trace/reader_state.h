/* reader_state.h - struct trace_reader, shared by reader.c (chunks) and decode.c (events). */
#ifndef ALLOCTRACE_TRACE_READER_STATE_H
#define ALLOCTRACE_TRACE_READER_STATE_H

#include "trace/cursor.h"
#include "trace/deflate.h"
#include "trace/embedded_symbols.h"
#include "trace/entry_tables.h"
#include "trace/format.h"
#include "trace/predict.h"

enum { READER_DAMAGE_BYTES = 256 };

/* The event chunk that is being decoded. */
struct decoder {
	struct predictor predictor;
	struct cursor column[COLUMN_COUNT];
	uint64_t time; /* FORMAT_TIME_UNIT_NS */
	uint32_t thread_count;
	const uint8_t *switch_at; /* the op before which the next switch stands, or NULL */
	const char *wrong;	  /* what is wrong with the chunk, or NULL */
};

/* A payload that table strings point into. */
struct kept_payload {
	struct kept_payload *next;
	uint8_t data[];
};

struct trace_reader {
	int fd;
	char *name;
	uint64_t file_bytes;
	uint64_t position;	 /* of the next chunk to read */
	uint64_t chunk_position; /* of the one read last */
	uint64_t chunks;
	uint64_t loaded_bytes; /* tables of chunks before this were taken by load_tables */
	uint32_t version;
	bool ended;
	bool closed;	  /* the end chunk was there */
	bool tables_done; /* load_tables has run */
	struct tables tables;
	struct embedded_symbols symbols;
	struct decoder decoder;
	struct inflater *inflater;
	uint8_t *stored;
	size_t stored_cap;
	uint8_t *raw; /* the event chunk */
	size_t raw_cap;
	struct kept_payload *kept;
	char damage[READER_DAMAGE_BYTES];
};

void decoder_init(struct decoder *d);
void decoder_release(struct decoder *d);
/* Begins with a chunk's payload, which must stay until the chunk is done. */
void decoder_begin(struct decoder *d, const uint8_t *payload, size_t bytes, uint32_t count);
/* Gives up to max events; 0 when the chunk is done. d->wrong says whether it was damaged: the
 * events given are good all the same. */
size_t decoder_next(struct decoder *d, const struct tables *t, struct trace_event *out, size_t max);

#endif

/* format.h - the numbers of the trace file that writer and reader share.
 *
 * man/alloctrace-trace.5 is the specification; this is its C side. Only trace/ includes it. */
#ifndef ALLOCTRACE_TRACE_FORMAT_H
#define ALLOCTRACE_TRACE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "trace/trace.h"
#include "wire/events.h"
#include "wire/roles.h"

/* The file begins with 16 bytes: magic, version, crc32 of both. The magic is no text and breaks
 * when a transfer changes line ends or strips the eighth bit. */
#define FORMAT_MAGIC                                                                               \
	"\x89"                                                                                     \
	"ATZ\r\n\x1a\n"

enum {
	FORMAT_MAGIC_BYTES = 8,
	FORMAT_HEADER_BYTES = 16,
	FORMAT_CHUNK_HEADER_BYTES = 24,
	FORMAT_END_BYTES = 16, /* payload of the end chunk */
	/* What a reader accepts, checked before anything is allocated. */
	FORMAT_MAX_CHUNK_BYTES = 64 << 20,
	FORMAT_MAX_TWICE_BYTES = 4 << 20, /* raw, of a chunk with CHUNK_FLAG_TWICE */
	FORMAT_TWICE_HEAD_BYTES = 4,
	FORMAT_PART_HEAD_BYTES = 8,
	FORMAT_MAX_NODES = 1 << 24,
	FORMAT_MAX_MODULES = 1 << 20,
	FORMAT_MAX_PROCESSES = 1 << 20,
	FORMAT_MAX_THREADS = 1 << 28,
	FORMAT_MAX_INSTANCES = 1 << 20,
	FORMAT_MAX_FINDINGS = 1 << 16,
	FORMAT_MAX_CRASHES = 1 << 16,
	FORMAT_MAX_LEAK_SCANS = 1 << 16,
	FORMAT_MAX_TEXT_BYTES = 4095,	   /* of a mark */
	FORMAT_MAX_STRING_BYTES = 1 << 20, /* of anything else; the writer cuts there */
	FORMAT_MAX_FACTS = 4096,
	FORMAT_MAX_FLAGS = 63,
	FORMAT_MARK_TYPES = MARK_RESUME + 1,
	FORMAT_TIME_UNIT_NS = 1000,
};

enum chunk_type {
	CHUNK_TABLES = 1, /* records: see enum table_record */
	CHUNK_NODES = 2,
	CHUNK_EVENTS = 3,
	CHUNK_SYMBOLS = 4,
	CHUNK_INDEX = 5,
	CHUNK_END = 6, /* never compressed; always the last 40 bytes of a closed file */
};

enum chunk_flag {
	CHUNK_FLAG_PLAIN = 1, /* the payload is stored as it is, not as a zlib stream */
	/* A zlib stream of a zlib stream, after the length of the latter as u32. deflate does not
	 * get below 1:1032, and a long loop then leaves a stream that itself repeats. */
	CHUNK_FLAG_TWICE = 2,
	/* Parts one after the other, each with its own zlib stream or as it is: u32 raw length, u32
	 * stored length, the stored bytes. Equal lengths mean as it is. */
	CHUNK_FLAG_PARTS = 4,
};

/* Bytes: 0 type, 1 flags, 2-3 zero, 4 stored bytes, 8 raw bytes, 12 count, 16 crc32 of the stored
 * bytes, 20 crc32 of bytes 0-19. All little-endian. */
struct chunk_header {
	uint8_t type;
	uint8_t flags;
	uint32_t stored_bytes;
	uint32_t raw_bytes;
	uint32_t count; /* of what is in it: entries, events, records */
	uint32_t crc;
};

enum table_record {
	RECORD_FACT = 1,
	RECORD_MODULE = 2,
	RECORD_PROCESS = 3,
	RECORD_ALLOCATOR = 4,
	RECORD_THREAD = 5,
	RECORD_INSTANCE = 6,
	RECORD_FINDING = 7,
	RECORD_CRASH = 8,
	RECORD_LEAK_SCAN = 9,
};

/* An event chunk is a directory of column lengths and then the columns. */
enum column_id {
	COLUMN_OPS,	   /* one byte per event */
	COLUMN_STACK,	   /* varint: number of a stack, where not predicted */
	COLUMN_STACK_NEW,  /* zigzag varint: node of a new stack, from that of the last new one */
	COLUMN_SIZE_LOW,   /* low byte of a size, where not predicted */
	COLUMN_SIZE_HIGH,  /* varint: the rest of it */
	COLUMN_ALLOC_ATTR, /* role, flags, allocator */
	COLUMN_NAME_NEAR,  /* freed counter as a small step */
	COLUMN_NAME_LOW,   /* low byte of a distance */
	COLUMN_NAME_HIGH,  /* varint: the rest of it */
	COLUMN_SITE,	   /* varint: number of a site, where not predicted */
	COLUMN_SITE_NEW,   /* zigzag varint: node of a new site, as for stacks */
	COLUMN_FREE_ATTR,  /* role, flags */
	COLUMN_BLOCK_SLOT, /* varint */
	COLUMN_GAP,	   /* varint: events since the last switch */
	COLUMN_SWITCH,	   /* one byte per switch: enum switch_bits */
	COLUMN_SLOT,	   /* varint: slot of the events that follow, where not predicted */
	COLUMN_TIME,	   /* varint: microseconds since the last time */
	COLUMN_OTHER,	   /* fields of all other ops */
	COLUMN_COUNT
};

/* The op byte: ALLOC 0x00-0x1f, others 0x20-0x3f, FREE 0x80-0xff.
 *
 *   ALLOC  0 0 0 | attr explicit | enum size_mode (2 bits) | enum node_mode (2 bits)
 *   FREE   1 | slot explicit | attr explicit | enum node_mode (2 bits) | enum name_mode (3 bits) */
enum op_code {
	OP_ALLOC_MODE = 0x03, /* mask */
	OP_ALLOC_SIZE_SHIFT = 2,
	OP_ALLOC_ATTR = 0x10,
	OP_ALLOC_LAST = 0x1f,
	OP_OTHER = 0x20, /* + enum trace_op */
	OP_FREE = 0x80,
	OP_FREE_ATTR = 0x20,
	OP_FREE_SLOT = 0x40,
	OP_FREE_SITE_SHIFT = 3,
};

/* A switch stands before an event: the time moves, another slot's turn comes, or both. They have
 * columns of their own so that the ops of a loop stay a plain repetition. */
enum switch_bits {
	SWITCH_TIME = 1,      /* by the next entry of COLUMN_TIME */
	SWITCH_SLOT_NEXT = 2, /* to the slot that followed this one the last time */
	SWITCH_SLOT = 4,      /* to the next entry of COLUMN_SLOT */
};

/* The fields of the other ops, in the order in which COLUMN_OTHER has them. */
enum event_field {
	FIELD_PROCESS = 1,
	FIELD_THREAD = 2,
	FIELD_MODULE = 4,
	FIELD_ROLE = 8,
	FIELD_FLAGS = 16,
	FIELD_STACK = 32,
	FIELD_VALUE = 64, /* size or value */
	FIELD_ADDRESS = 128,
	FIELD_TEXT = 256,
	FIELD_SLOT = 512, /* holds for the event, is not in the column */
};

static inline unsigned format_event_fields(unsigned op)
{
	switch (op) {
	case TRACE_PROCESS_START:
		return FIELD_PROCESS;
	case TRACE_PROCESS_END:
		return FIELD_PROCESS | FIELD_VALUE;
	case TRACE_THREAD_START:
		return FIELD_SLOT | FIELD_PROCESS | FIELD_THREAD;
	case TRACE_THREAD_END:
		return FIELD_SLOT | FIELD_THREAD;
	case TRACE_MODULE:
		return FIELD_PROCESS | FIELD_MODULE | FIELD_VALUE;
	case TRACE_MARK:
		return FIELD_SLOT | FIELD_ROLE | FIELD_TEXT;
	case TRACE_MAP:
		return FIELD_SLOT | FIELD_ROLE | FIELD_FLAGS | FIELD_STACK | FIELD_VALUE |
		       FIELD_ADDRESS;
	case TRACE_LOSS:
		return FIELD_PROCESS | FIELD_ROLE | FIELD_VALUE;
	case TRACE_FINDING:
		return FIELD_SLOT | FIELD_VALUE;
	case TRACE_LEAK_SCAN:
		return FIELD_PROCESS | FIELD_VALUE;
	default:
		return 0;
	}
}

/* What the field `role` of an event with this op is smaller than. */
static inline unsigned format_role_limit(unsigned op)
{
	return op == TRACE_MARK	  ? (unsigned)FORMAT_MARK_TYPES
	       : op == TRACE_LOSS ? (unsigned)TRACE_LOSS_COUNT
				  : (unsigned)ROLE_COUNT;
}

static inline void format_put_u32(uint8_t *out, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> 8 * i);
}

static inline uint32_t format_get_u32(const uint8_t *in)
{
	return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 |
	       (uint32_t)in[3] << 24;
}

static inline void format_put_u64(uint8_t *out, uint64_t value)
{
	format_put_u32(out, (uint32_t)value);
	format_put_u32(out + 4, (uint32_t)(value >> 32));
}

static inline uint64_t format_get_u64(const uint8_t *in)
{
	return format_get_u32(in) | (uint64_t)format_get_u32(in + 4) << 32;
}

#endif

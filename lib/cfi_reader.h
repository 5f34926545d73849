/* cfi_reader.h - a bounds-checked cursor over .eh_frame bytes.
 *
 * Inside the traced process; signal-safe. After a read past the end `bad` is set and reads give 0,
 * so callers check once. Pointer encodings: LSB core, "DWARF Exception Header Encoding". */
#ifndef ALLOCTRACE_LIB_CFI_READER_H
#define ALLOCTRACE_LIB_CFI_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ENCODING_ABSPTR = 0x00,
	ENCODING_ULEB128 = 0x01,
	ENCODING_UDATA2 = 0x02,
	ENCODING_UDATA4 = 0x03,
	ENCODING_UDATA8 = 0x04,
	ENCODING_SLEB128 = 0x09,
	ENCODING_SDATA2 = 0x0a,
	ENCODING_SDATA4 = 0x0b,
	ENCODING_SDATA8 = 0x0c,
	ENCODING_PCREL = 0x10,
	ENCODING_DATAREL = 0x30,
	ENCODING_OMIT = 0xff,
};

struct reader {
	const uint8_t *start, *at, *end;
	bool bad;
};

static inline const uint8_t *reader_block(struct reader *r, uint64_t bytes)
{
	if (r->bad || bytes > (size_t)(r->end - r->at)) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *block = r->at;
	r->at += bytes;
	return block;
}

static inline uint64_t reader_little_endian(struct reader *r, unsigned bytes)
{
	const uint8_t *p = reader_block(r, bytes);
	uint64_t value = 0;
	for (unsigned i = 0; p && i < bytes; i++)
		value |= (uint64_t)p[i] << 8 * i;
	return value;
}

static inline uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)reader_little_endian(r, 1);
}

static inline uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)reader_little_endian(r, 2);
}

static inline uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)reader_little_endian(r, 4);
}

static inline int32_t reader_peek_s32(const uint8_t *p)
{
	int32_t value;
	__builtin_memcpy(&value, p, sizeof(value));
	return value;
}

static inline uint64_t reader_uleb(struct reader *r)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = reader_u8(r);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	r->bad = true;
	return 0;
}

static inline int64_t reader_sleb(struct reader *r)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = reader_u8(r);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			if (byte & 0x40 && shift < 57)
				value |= ~UINT64_C(0) << (shift + 7);
			return (int64_t)value;
		}
	}
	r->bad = true;
	return 0;
}

/* A pointer in the given encoding; data_base is what ENCODING_DATAREL counts from. */
static inline uintptr_t reader_encoded(struct reader *r, uint8_t encoding, uintptr_t data_base)
{
	uintptr_t here = (uintptr_t)r->at;
	uint64_t value;
	switch (encoding & 0x0f) {
	case ENCODING_ABSPTR:
	case ENCODING_UDATA8:
	case ENCODING_SDATA8:
		value = reader_little_endian(r, 8);
		break;
	case ENCODING_ULEB128:
		value = reader_uleb(r);
		break;
	case ENCODING_SLEB128:
		value = (uint64_t)reader_sleb(r);
		break;
	case ENCODING_UDATA2:
		value = reader_u16(r);
		break;
	case ENCODING_SDATA2:
		value = (uint64_t)(int16_t)reader_u16(r);
		break;
	case ENCODING_UDATA4:
		value = reader_u32(r);
		break;
	case ENCODING_SDATA4:
		value = (uint64_t)(int32_t)reader_u32(r);
		break;
	default:
		r->bad = true;
		return 0;
	}
	switch (encoding & 0x70) {
	case 0:
		return value;
	case ENCODING_PCREL:
		return value + here;
	case ENCODING_DATAREL:
		return value + data_base;
	default:
		r->bad = true;
		return 0;
	}
}

static inline void reader_skip_encoded(struct reader *r, uint8_t encoding)
{
	if (encoding != ENCODING_OMIT)
		reader_encoded(r, encoding & 0x0f, 0);
}

/* Enters a CIE or FDE at r->at: afterwards r ends where the entry ends and stands behind its
 * length. False at the terminator or when the length makes no sense. */
static inline bool reader_enter_entry(struct reader *r)
{
	uint64_t bytes = reader_u32(r);
	if (bytes == 0xffffffff)
		bytes = reader_little_endian(r, 8);
	if (r->bad || bytes == 0 || bytes > (size_t)(r->end - r->at))
		return false;
	r->end = r->at + bytes;
	return true;
}

#endif

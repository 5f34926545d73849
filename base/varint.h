/* varint.h - LEB128 variable-length integers and zigzag for signed values.
 *
 * Seven bits a byte, least significant first, bit 7 says "more follows"; at most 10 bytes.
 * Example: 300 = 0b10_0101100 is written as 0xac 0x02. No allocation, signal-safe. */
#ifndef ALLOCTRACE_BASE_VARINT_H
#define ALLOCTRACE_BASE_VARINT_H

#include <stddef.h>
#include <stdint.h>

enum { VARINT_MAX_BYTES = 10 };

/* Writes value at out (room for VARINT_MAX_BYTES needed); returns the end. */
static inline uint8_t *varint_put(uint8_t *out, uint64_t value)
{
	while (value >= 0x80) {
		*out++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*out++ = (uint8_t)value;
	return out;
}

/* Reads a value from [in, end) into *value; returns the end of it, or NULL if it is cut off or
 * longer than 64 bits. */
static inline const uint8_t *varint_get(const uint8_t *in, const uint8_t *end, uint64_t *value)
{
	uint64_t result = 0;
	for (unsigned shift = 0; in < end && shift < 64; shift += 7) {
		uint8_t byte = *in++;
		if (shift == 63 && byte > 1)
			return NULL;
		result |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*value = result;
			return in;
		}
	}
	return NULL;
}

static inline uint64_t zigzag_encode(int64_t value)
{
	return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t zigzag_decode(uint64_t value)
{
	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

#endif

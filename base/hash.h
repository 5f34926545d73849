/* hash.h - integer and byte-string hashing for tables (not for security). Signal-safe. */
#ifndef ALLOCTRACE_BASE_HASH_H
#define ALLOCTRACE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Multiplicative mix of one word; the high bits are the good ones. */
static inline uint64_t hash_u64(uint64_t x)
{
	x *= 0x9e3779b97f4a7c15u;
	return x ^ (x >> 32);
}

static inline uint64_t hash_pair(uint64_t a, uint64_t b)
{
	return hash_u64(a ^ hash_u64(b + 0x632be59bd9b4e019u));
}

/* Indices of `bits` bits. */
static inline uint64_t hash_bits(uint64_t x, unsigned bits)
{
	return x * 0x9e3779b97f4a7c15u >> (64 - bits);
}

static inline uint64_t hash_pair_bits(uint64_t a, uint64_t b, unsigned bits)
{
	return (a + b * 0x632be59bd9b4e019u) * 0x9e3779b97f4a7c15u >> (64 - bits);
}

/* FNV-1a; for short strings on cold paths. */
static inline uint64_t hash_bytes(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

#endif

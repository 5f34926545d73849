/* deflate.c - see deflate.h. The only file that calls libdeflate or zlib. */
#include "config.h"

#include "trace/deflate.h"

#include <stdlib.h>

#include "util/mem.h"

/* Level 1 is the fastest that looks for repetitions; bench/codec.c measures it. */
enum { DEFLATE_LEVEL = 1 };

#ifdef HAVE_LIBDEFLATE

#include <libdeflate.h>

struct deflater {
	struct libdeflate_compressor *c;
};

struct inflater {
	struct libdeflate_decompressor *d;
};

struct deflater *deflater_new(void)
{
	struct deflater *d = mem_alloc(sizeof(*d));
	libdeflate_set_memory_allocator(mem_alloc, free);
	d->c = libdeflate_alloc_compressor(DEFLATE_LEVEL);
	return d;
}

void deflater_free(struct deflater *d)
{
	libdeflate_free_compressor(d->c);
	free(d);
}

size_t deflater_run(struct deflater *d, const void *in, size_t in_bytes, void *out,
		    size_t out_bytes)
{
	return libdeflate_zlib_compress(d->c, in, in_bytes, out, out_bytes);
}

struct inflater *inflater_new(void)
{
	struct inflater *i = mem_alloc(sizeof(*i));
	libdeflate_set_memory_allocator(mem_alloc, free);
	i->d = libdeflate_alloc_decompressor();
	return i;
}

void inflater_free(struct inflater *i)
{
	libdeflate_free_decompressor(i->d);
	free(i);
}

int inflater_run(struct inflater *i, const void *in, size_t in_bytes, void *out, size_t out_bytes)
{
	size_t used;
	enum libdeflate_result result =
		libdeflate_zlib_decompress_ex(i->d, in, in_bytes, out, out_bytes, &used, NULL);
	return result == LIBDEFLATE_SUCCESS && used == in_bytes ? 0 : -1;
}

uint32_t deflate_crc32(const void *data, size_t bytes)
{
	return libdeflate_crc32(0, data, bytes);
}

#else

#include <zlib.h>

struct deflater {
	z_stream z;
};

struct inflater {
	z_stream z;
};

static void *zlib_alloc(void *unused, unsigned items, unsigned bytes)
{
	return mem_zalloc(items, bytes);
}

static void zlib_free(void *unused, void *p)
{
	free(p);
}

struct deflater *deflater_new(void)
{
	struct deflater *d = mem_zalloc(1, sizeof(*d));
	d->z.zalloc = zlib_alloc;
	d->z.zfree = zlib_free;
	deflateInit(&d->z, DEFLATE_LEVEL);
	return d;
}

void deflater_free(struct deflater *d)
{
	deflateEnd(&d->z);
	free(d);
}

size_t deflater_run(struct deflater *d, const void *in, size_t in_bytes, void *out,
		    size_t out_bytes)
{
	deflateReset(&d->z);
	d->z.next_in = (Bytef *)in;
	d->z.avail_in = (uInt)in_bytes;
	d->z.next_out = out;
	d->z.avail_out = (uInt)out_bytes;
	return deflate(&d->z, Z_FINISH) == Z_STREAM_END ? out_bytes - d->z.avail_out : 0;
}

struct inflater *inflater_new(void)
{
	struct inflater *i = mem_zalloc(1, sizeof(*i));
	i->z.zalloc = zlib_alloc;
	i->z.zfree = zlib_free;
	inflateInit(&i->z);
	return i;
}

void inflater_free(struct inflater *i)
{
	inflateEnd(&i->z);
	free(i);
}

int inflater_run(struct inflater *i, const void *in, size_t in_bytes, void *out, size_t out_bytes)
{
	inflateReset(&i->z);
	i->z.next_in = (Bytef *)in;
	i->z.avail_in = (uInt)in_bytes;
	i->z.next_out = out;
	i->z.avail_out = (uInt)out_bytes;
	int result = inflate(&i->z, Z_FINISH);
	return result == Z_STREAM_END && !i->z.avail_in && !i->z.avail_out ? 0 : -1;
}

uint32_t deflate_crc32(const void *data, size_t bytes)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), data, (uInt)bytes);
}

#endif

/* own-families.c - allocators of the program's own, which `run --family` is told of.
 *
 *	own-families right|wrong
 *
 * pool_*: blocks of an array, the pool as the first argument, with the size behind it. over_*: on malloc,
 * with a header before each block. thin_*: malloc itself by another name. both_*: a pool, and malloc's for what
 * is large. Prints what a trace must
 * hold: `expect ...` lines, as expect.h has them, and `wrong ...`, as wrong.tap, with owner= and to=. */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define API __attribute__((noipa))

enum { POOL_BYTES = 1 << 20, ALIGN = 64, HEADER = 64, ROUNDS = 20 };

struct pool {
	size_t used;
	_Alignas(ALIGN) char bytes[POOL_BYTES];
};

static struct pool pool;

static size_t *pool_header(void *p)
{
	CHECK((char *)p >= pool.bytes && (char *)p < pool.bytes + POOL_BYTES);
	return (size_t *)((char *)p - ALIGN);
}

API void *pool_alloc(struct pool *in, size_t size)
{
	size_t whole = ALIGN + ((size + ALIGN - 1) & ~(size_t)(ALIGN - 1));
	if (whole > POOL_BYTES - in->used)
		return NULL;
	char *p = in->bytes + in->used + ALIGN;
	in->used += whole;
	*pool_header(p) = size;
	return p;
}

API void *pool_calloc(size_t size, size_t count, struct pool *in)
{
	return memset(pool_alloc(in, count * size), 0, count * size);
}

API void pool_free(struct pool *in, void *p)
{
	if (p && (char *)p + *pool_header(p) > in->bytes + in->used - ALIGN)
		in->used = (size_t)((char *)pool_header(p) - in->bytes);
}

API void *pool_realloc(struct pool *in, void *p, size_t size)
{
	void *fresh = pool_alloc(in, size);
	if (p && fresh)
		memcpy(fresh, p, *pool_header(p) < size ? *pool_header(p) : size);
	pool_free(in, p);
	return fresh;
}

API size_t pool_size(struct pool *in, void *p)
{
	(void)in;
	return *pool_header(p);
}

API void *over_alloc(size_t size)
{
	char *p = malloc(size + HEADER);
	memcpy(p, &size, sizeof(size));
	return p + HEADER;
}

API void *over_realloc(void *p, size_t size)
{
	char *fresh = realloc(p ? (char *)p - HEADER : NULL, size + HEADER);
	memcpy(fresh, &size, sizeof(size));
	return fresh + HEADER;
}

API void over_free(void *p)
{
	if (p)
		free((char *)p - HEADER);
}

/* One byte among others that are no padding: too short to be hooked. Never called. */
__asm__(".text\n"
	".type short_free, @function\n"
	".fill 64, 1, 0xc3\n"
	"short_free: ret\n"
	".size short_free, 1\n"
	".fill 64, 1, 0xc3\n");

API void *thin_alloc(size_t size)
{
	return malloc(size);
}

API void thin_free(void *p)
{
	free(p);
}

/* Small blocks of its own, the first where a chunk from malloc begins; large ones from malloc. */
static char *chunk;

API void *both_alloc(size_t size)
{
	if (size >= 4096)
		return malloc(size);
	if (!chunk)
		chunk = malloc(1 << 16);
	return chunk;
}

API void both_free(void *p)
{
	if (p != chunk)
		free(p);
}

static void right(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *p = pool_alloc(&pool, 5001);
		CHECK(pool_size(&pool, p) == 5001);
		pool_free(&pool, p);
		p = pool_calloc(501, 11, &pool);
		p = pool_realloc(&pool, p, 5003);
		p = pool_realloc(&pool, p, 5004);
		pool_free(&pool, p);
		p = over_alloc(5005);
		p = over_realloc(p, 5006);
		over_free(p);
		thin_free(thin_alloc(5007));
		/* What hands on to malloc is malloc's to free, and the other way round. */
		p = thin_alloc(5009);
		CHECK(malloc_usable_size(p) >= 5009);
		free(realloc(p, 5010));
		thin_free(strdup("thin"));
		thin_free(malloc(5011));
		p = both_alloc(5012);
		free(p);
		p = both_alloc(12);
		both_free(p);
		both_free(both_alloc(5012));
		free(keep(malloc(5008)));
	}
	/* What the functions call inside is not counted again. */
	expect("size=%d allocs=%d frees=%d", 5001, ROUNDS, ROUNDS);
	expect("size=%d allocs=%d frees=%d", 5511, ROUNDS, ROUNDS);
	for (int size = 5003; size <= 5011; size++)
		expect("size=%d allocs=%d frees=%d", size, ROUNDS, ROUNDS);
	expect("size=%d allocs=%d frees=%d", 5012, 2 * ROUNDS, 2 * ROUNDS);
	expect("size=%d allocs=%d frees=%d", 12, ROUNDS, ROUNDS);
	expect("size=%d allocs=0", 5005 + HEADER);
	expect("size=%d allocs=0", 5006 + HEADER);
}

static void wrong(void)
{
	void *p = pool_alloc(&pool, 6001);
	free(keep(p)); /* swallowed: nothing of the pool's takes the block alone */
	printf("wrong class=cross role=free made=malloc size=6001 count=1 outcome=swallowed owner=pool\n");
	p = pool_alloc(&pool, 6002);
	pool_free(&pool, p);
	pool_free(&pool, p);
	printf("wrong class=double role=free made=malloc size=6002 count=1 outcome=swallowed owner=pool\n");
	p = over_alloc(6003);
	free(keep(p));
	printf("wrong class=cross role=free made=malloc size=6003 count=1 outcome=to-owner owner=over\n");
	p = both_alloc(13);
	free(p); /* swallowed, or the pool's memory would be gone */
	printf("wrong class=cross role=free made=malloc size=13 count=1 outcome=to-owner owner=both\n");
	p = malloc(6004);
	over_free(p);
	printf("wrong class=cross role=free made=malloc size=6004 count=1 outcome=to-owner to=over\n");
	free(thin_alloc(100)); /* it hands on to malloc, so that is known */
	p = over_alloc(6005);
	thin_free(keep(p));
	printf("wrong class=cross role=free made=malloc size=6005 count=1 outcome=to-owner owner=over to=thin\n");
	p = malloc(6006);
	CHECK(pool_size(&pool, p) >= 6006);
	free(p);
	printf("wrong class=cross role=malloc_usable_size made=malloc size=6006 count=1 outcome=to-owner to=pool\n");
	p = pool_alloc(&pool, 6007);
	memset(p, 'x', 6007);
	char *moved = realloc(keep(p), 9000);
	CHECK(moved && moved[0] == 'x' && moved[6006] == 'x');
	free(moved);
	printf("wrong class=cross role=realloc made=malloc size=6007 count=1 outcome=swallowed owner=pool\n");
	p = over_alloc(6008);
	pool_free(&pool, p);
	printf("wrong class=cross role=free made=malloc size=6008 count=1 outcome=to-owner owner=over to=pool\n");
	CHECK(pool.used <= POOL_BYTES);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "wrong") == 0)
		wrong();
	else
		right();
	return 0;
}

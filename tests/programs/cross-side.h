/* cross-side.h - one side of a cross-allocator free: makes blocks and gives blocks back, with the
 * allocator that its module is bound to. cross-host.c brings the sides together. */
#ifndef TESTS_CROSS_SIDE_H
#define TESTS_CROSS_SIDE_H

#include <stddef.h>

enum side_kind {
	KIND_MALLOC,
	KIND_CALLOC,
	KIND_ALIGNED,
	KIND_STRDUP, /* by the C library for its caller: the last three */
	KIND_ASPRINTF,
	KIND_GETLINE,
	KIND_NEW,
	KIND_NEW_ARRAY,
	KINDS
};

enum side_way {
	WAY_FREE,
	WAY_REALLOC,
	WAY_USABLE, /* asks how large it is */
	WAY_SIZED,  /* with its size */
	WAY_DELETE,
	WAY_DELETE_ARRAY,
	WAYS
};

enum side_sized { SIZED_NONE, SIZED_FREE, SIZED_DELETE };

/* make: a block that was asked for with exactly that many bytes (300 at least), all of them 'x' or
 * 0; NULL for a kind that this side does not have. release: what realloc returned, or, if the block was
 * only asked for, the block; else NULL. bytes: for realloc the new size, else that of the block. */
struct side {
	enum side_sized sized; /* what its WAY_SIZED is */
	int has_usable;
	void *(*make)(enum side_kind kind, size_t bytes);
	void *(*release)(enum side_way way, void *p, size_t bytes);
};

const struct side *cross_side(void);

#endif

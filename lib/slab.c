/* slab.c - see slab.h. */
#include "lib/slab.h"

#include <stdint.h>

#include "lib/lock.h"
#include "lib/sys.h"

enum { CHUNK_BYTES = 1 << 20 };

struct piece {
	struct piece *next;
};

/* Protects everything below. Ranks after the page locks. */
static uint8_t slab_lock;
static struct piece *free_pieces[SLAB_CLASSES];
static char *chunk_at;
static size_t chunk_left;

static void *cut_from_chunk(size_t bytes)
{
	if (chunk_left < bytes) {
		char *chunk = sys_map_anonymous(CHUNK_BYTES);
		if (!chunk)
			return NULL;
		chunk_at = chunk; /* the tail of the old one, less than one piece, is given up */
		at_signal_fence();
		chunk_left = CHUNK_BYTES;
	}
	/* In this order: a signal handler that never comes back wastes a piece, no more. */
	void *piece = chunk_at;
	chunk_left -= bytes;
	at_signal_fence();
	chunk_at += bytes;
	return piece;
}

void *slab_take(unsigned class, size_t bytes)
{
	lock_acquire_inner(&slab_lock);
	struct piece *piece = free_pieces[class];
	bool used = piece != NULL;
	if (used)
		free_pieces[class] = piece->next;
	else
		piece = cut_from_chunk(bytes);
	lock_release_inner(&slab_lock);
	if (used)
		__builtin_memset(piece, 0, bytes);
	return piece;
}

void slab_give(unsigned class, void *memory)
{
	struct piece *piece = memory;
	lock_acquire_inner(&slab_lock);
	piece->next = free_pieces[class];
	at_signal_fence(); /* who is left in between loses this piece, not those behind it */
	free_pieces[class] = piece;
	lock_release_inner(&slab_lock);
}

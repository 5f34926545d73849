/* classify.h - of the blocks that nothing reaches: which are lost first, and which with them.
 *
 * Lost blocks that point to each other in a ring belong together. Of what no other lost block
 * points to the one at the lowest address leads: it is definitely lost. All that is reached from
 * there is indirectly lost, and belongs to the first leader that reaches it. */
#ifndef ALLOCTRACE_SCAN_CLASSIFY_H
#define ALLOCTRACE_SCAN_CLASSIFY_H

#include "scan/mark.h"

struct lost {
	uint32_t *blocks; /* leaders, each with what is reached from it behind it */
	size_t count;
	uint8_t *in_ring; /* of each of these: a ring of several blocks */
};

/* Afterwards the holder of a lost block is the one that it was reached from; of leaders
 * BLOCK_NONE. A holder stands before what it holds. */
void lost_find(struct lost *lost, struct mark *m);
void lost_release(struct lost *lost);

#endif

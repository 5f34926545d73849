/* parts.c - see parts.h. */
#include "trace/parts.h"

enum {
	/* Below this a column is not worth a part of its own. */
	LARGE_BYTES = 1 << 12,
	PROBE_INTERVAL = 16,
	/* Stored as it is if compressing leaves more than these hundredths: what bench/codec.c
	 * takes for random sizes and ages falls from 20 to 15 ns an event, for 10% more bytes. */
	WORTH_PERCENT = 60,
};

unsigned parts_plan(struct parts_plan *plan, size_t head_bytes,
		    const size_t column_bytes[COLUMN_COUNT], struct chunk_part parts[PARTS_MAX])
{
	unsigned count = 1;
	bool apart = false; /* the next column cannot join the last part */
	plan->probing = plan->until_probe == 0;
	plan->until_probe = plan->probing ? PROBE_INTERVAL - 1 : plan->until_probe - 1;
	parts[0] = (struct chunk_part){ .bytes = head_bytes };
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		bool large = column_bytes[i] >= LARGE_BYTES;
		bool plain = large && !plan->probing && (plan->plain >> i & 1);
		bool alone = large && (plan->probing || plain);
		if (alone || apart)
			parts[count++] = (struct chunk_part){ .plain = plain, .column = i };
		parts[count - 1].bytes += column_bytes[i];
		apart = alone;
	}
	return count;
}

void parts_learn(struct parts_plan *plan, const struct chunk_part *parts, unsigned count)
{
	if (!plan->probing)
		return;
	plan->plain = 0;
	for (unsigned i = 1; i < count; i++)
		if (parts[i].bytes >= LARGE_BYTES &&
		    parts[i].stored_bytes * 100 > parts[i].bytes * WORTH_PERCENT)
			plan->plain |= UINT32_C(1) << parts[i].column;
}

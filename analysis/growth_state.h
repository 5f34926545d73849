/* growth_state.h - what is held while growth is looked for; private to growth*.c. */
#ifndef ALLOCTRACE_ANALYSIS_GROWTH_STATE_H
#define ALLOCTRACE_ANALYSIS_GROWTH_STATE_H

#include "analysis/growth.h"
#include "analysis/live_map.h"

enum { GROWTH_NONE = -1 };

/* A site while its process lives; its place is another's afterwards. */
struct growth_track {
	struct growth_series series;
	uint64_t allocs, bytes;
	uint32_t node, allocator;
	bool pool;
	uint32_t live_ages[GROWTH_AGES];
	uint32_t freed_ages[GROWTH_AGES];
};

/* A thread's time in a ring slot. */
struct growth_tenure {
	uint64_t first; /* counter */
	uint32_t slot, process;
	int32_t next;	 /* of the same process, or GROWTH_NONE */
	int32_t pending; /* track of the block that a realloc has taken out, or GROWTH_NONE */
	bool counts;
};

/* Of one process. `table` finds a track by (node, allocator): open addressing, a power of two of
 * numbers + 1, 0: free. */
struct growth_tracks {
	struct growth_clock *clock; /* while it has begun and not ended */
	struct growth_series heap;
	uint32_t *table;
	uint32_t *list;
	size_t room, count, cap;
	uint64_t began_ns, last_ns; /* of the session's time */
	uint64_t paused_ns;	    /* of the session, when it began */
	uint64_t events;
	int32_t tenures;
	bool begun, ended, counts;
};

struct growth {
	struct replay_filter filter;
	bool ended;
	struct live_map live;
	struct growth_track *tracks;
	size_t track_count, track_cap;
	uint32_t *spare; /* tracks that are free */
	size_t spare_count, spare_cap;
	struct growth_tenure *tenures;
	size_t tenure_count, tenure_cap;
	struct growth_tracks *processes;
	size_t process_count, process_cap;
	uint8_t *uses; /* by allocator: enum replay_use; 0: not asked */
	uint64_t paused_ns, pause_began_ns;
	bool paused;
	struct growth_result *result;
	size_t result_process_cap, result_site_cap;
};

/* The process has ended, or the trace: its sites are judged, and go. */
void growth_close_process(struct growth *g, uint32_t process, bool ended);

#endif

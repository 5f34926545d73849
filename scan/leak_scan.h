/* leak_scan.h - which blocks of a process nothing points to any more: the search, and what it
 * found.
 *
 * Conservative: every aligned word of a root or of a reached block that lies inside a live block is
 * taken for a pointer to it. Roots are registers, stacks from the stack pointer up, thread-local
 * storage, writable segments of modules, other writable mappings that no allocator owns, and what
 * the program has named; the memory of allocators counts only by its live blocks, and that of the
 * runtime not at all. Kinds are Valgrind's. The process stands still or serves its memory; nothing
 * here knows which. Blocks of all allocators together: one heap may hold the only pointer to a
 * block of another. */
#ifndef ALLOCTRACE_SCAN_LEAK_SCAN_H
#define ALLOCTRACE_SCAN_LEAK_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "wire/scans.h"

/* Memory that is looked at: of a stopped process, of its copy, or served by the process itself. */
struct scan_memory {
	void *context;
	/* All of the bytes, or false. */
	bool (*read)(void *context, uint64_t at, void *out, size_t bytes);
	/* The first address from `at` on, below `high`, that may hold anything that the program
	 * wrote; high if there is none. NULL: not known. */
	uint64_t (*touched)(void *context, uint64_t at, uint64_t high);
};

struct scan_thread {
	uint32_t tid;
	uint64_t sp;		 /* the stack counts from here up */
	uint64_t thread_pointer; /* 0: none */
	const uint64_t *registers;
	size_t register_count;
};

struct scan_range {
	uint64_t low, high; /* [low, high) */
};

/* What is looked at. */
struct scan_target {
	struct scan_memory memory;
	const char *maps;	/* the text of /proc/PID/maps, of that moment */
	uint64_t block_roots;	/* as session_process has it */
	uint64_t memory_tables; /* so, too; 0: not known */
	const struct scan_thread *threads;
	size_t thread_count;
	uint64_t now_tsc; /* for ages; of the moment in which it stood still */
	/* Whether the process itself made the block (slot, counter), not one that it was forked
	 * from: inherited blocks are roots like any other, and no leaks of this process. */
	bool (*is_own)(void *context, uint32_t slot, uint64_t counter);
	/* Whether the file at path is an allocator and nothing else: its data hold no pointers of
	 * the program's. */
	bool (*is_allocator)(void *context, const char *path);
	/* Whether an allocator itself has made the blocks of this stack, for its own use: only its
	 * own data point to them. NULL: not known. */
	bool (*is_allocators_stack)(void *context, uint32_t stack);
	void *context;
	uint64_t since_tsc; /* only blocks made since; 0: all. The others are there, and not told of
			     */
	/* With since_tsc: for each slot up to that many its first block since, which is exact.
	 * NULL: by time alone, to 20 ms. */
	const uint64_t *since_counters;
	uint64_t since_slots;
	unsigned peek_bytes; /* how much of an example's content is wanted; 0: none */
};

enum { SCAN_PEEK_MAX_BYTES = 64 };

/* Blocks of one kind, from one stack, of one allocator, made by one thread, lost in the same way.
 */
struct leak_group {
	uint8_t kind;	  /* enum leak_kind */
	uint8_t role;	  /* enum role */
	uint8_t holder;	  /* enum leak_holder, of the example */
	uint8_t flags;	  /* enum leak_group_flag */
	uint32_t stack;	  /* node of the session */
	uint32_t slot;	  /* of the thread that made the example */
	uint64_t counter; /* (slot, counter) is its name */
	uint32_t allocator;
	uint32_t parent_plus_1; /* of INDIRECT: the group that points to it, nearer to the lost root
				 */
	uint64_t blocks, bytes;
	uint64_t indirect_blocks, indirect_bytes; /* of DEFINITE: all that is lost with it */
	uint64_t least_bytes, most_bytes;	  /* of a block */
	uint64_t youngest_ticks, oldest_ticks, sum_ticks; /* ages, in time-stamp ticks >> 26 */
	uint64_t address;				  /* the example */
	uint64_t holder_address;       /* where the pointer to it lies; 0 for registers */
	uint32_t holder_tid;	       /* of registers, stacks and TLS */
	uint32_t holder_module_plus_1; /* index in leak_scan.modules */
	uint8_t peek[SCAN_PEEK_MAX_BYTES];
	unsigned peek_bytes;
};

struct leak_sum {
	uint64_t blocks, bytes;
};

struct leak_scan {
	struct leak_group *groups; /* lost ones first, by falling bytes with what hangs on them */
	size_t group_count;
	struct leak_sum kinds[LEAK_KINDS];
	struct leak_sum inherited; /* live, made before the fork; in none of the kinds */
	struct leak_sum ignored;   /* the program said so */
	struct leak_sum older;	   /* made before since_tsc */
	uint64_t root_bytes;	   /* looked through */
	uint64_t unreadable_bytes; /* could not be read */
	uint64_t changing_pages; /* of the block table: a thread stood in the middle of a change */
	char **modules;		 /* paths that holders name, with their first mapping's address */
	uint64_t *module_starts;
	size_t module_count;
};

/* 0, or -1 with the error: the block table could not be read. The caller releases it. */
int leak_scan_run(const struct scan_target *target, struct leak_scan *out,
		  struct err *err) AT_MUST_CHECK;
void leak_scan_release(struct leak_scan *scan);

#endif

/* session.h - the memory that the collector and all traced processes of a session share.
 *
 * One memfd, made and sized (sparsely) by the tool, mapped whole by every process:
 *
 * | header | processes | rings | modules | loaded | hooks | findings | intern table | nodes | ring
 * words | | crashes | scans | serves |
 *
 * Everything is append-only or owned by one writer at a time, and any process may be killed at
 * any instruction: a half-written record is never published, because publishing is one store.
 * Names: a *slot* is a ring; a *node* is (parent node, module, offset); a stack is the node of its
 * innermost frame; a *site* is a node too (whose parent is the root unless --free-stacks). */
#ifndef ALLOCTRACE_WIRE_SESSION_H
#define ALLOCTRACE_WIRE_SESSION_H

#include <stdint.h>

#include "wire/crashes.h"
#include "wire/plan.h"
#include "wire/scans.h"
#include "wire/serves.h"

#define SESSION_MAGIC UINT64_C(0x31656361727461) /* "atrace1" */

enum {
	SESSION_VERSION = 9,
	SESSION_MAX_PROCESSES = 16384,
	SESSION_MAX_RINGS = 4096,
	SESSION_MAX_MODULES = 16384,
	SESSION_MAX_NODES = 1 << 24,
	SESSION_MAX_HOOKS = 8192,
	SESSION_MAX_HOOKS_A_MODULE = 512,
	SESSION_HOOK_NAME_BYTES = 56,
	SESSION_MAX_FINDINGS = 4096, /* different ones; a power of two */
	SESSION_LEAK_MARKS = 8,	     /* names of marks at which leaks are looked for */
	SESSION_MAX_ORDER = 1022,    /* modules whose place in the search order is known */
	/* Ring sizes in words. The first rings are large; with hundreds of threads alive the
	 * later ones are small, so that memory stays bounded. */
	SESSION_LARGE_RINGS = 64,
	SESSION_LARGE_RING_WORDS = 32768,
	SESSION_SMALL_RING_WORDS = 8192,
	/* The intern table grows by levels: level i has FIRST << (STEP * i) entries. */
	SESSION_INTERN_FIRST_BITS = 12,
	SESSION_INTERN_STEP_BITS = 2,
	SESSION_INTERN_LEVELS = 7,
	SESSION_MODULE_PATH_BYTES = 440,
	SESSION_BUILD_ID_BYTES = 20,
	SESSION_THREAD_NAME_BYTES = 16, /* as the kernel has it */
	SESSION_DEFAULT_DEPTH = 128,
	SESSION_MAX_DEPTH = 1024,
};

/* The environment variable by which a process finds its session: the collector's socket. */
#define SESSION_ENV "ALLOCTRACE_SESSION"

enum session_state {
	SESSION_RECORDING = 1,
	SESSION_PAUSED = 2, /* nothing is recorded until a signal or mark */
	SESSION_ENDED = 3,  /* the collector has gone: do nothing any more */
	SESSION_CHECKING = 4, /* from the start to the end: wrong releases are looked for, nothing else */
};

enum session_option {
	SESSION_LOSSY = 1,       /* a full ring drops allocations instead of waiting */
	SESSION_FREE_STACKS = 2, /* unwind frees too */
	SESSION_MMAP = 4,        /* record mmap, munmap, mremap */
	SESSION_NO_FOLLOW = 8,   /* forked children record nothing */
	SESSION_NO_CRASHES = 32, /* signals that end a process are let alone */
};

/* Nodes with a fixed meaning; real ones begin at NODE_FIRST. */
enum {
	NODE_ROOT = 0,      /* no caller: the outermost frame's parent */
	NODE_TRUNCATED = 1, /* stands for the frames beyond the depth limit */
	NODE_UNKNOWN = 2,   /* the unwinder could not go on: what is outside is not known */
	NODE_FIRST = 3,
};

struct session_header {
	uint64_t magic;
	uint32_t version;
	uint32_t options;  /* enum session_option; fixed before the first process starts */
	uint64_t bytes;    /* of the whole memfd */
	uint32_t max_depth;
	uint32_t tool_pid;
	/* Written by the tool, read by everybody. */
	uint32_t state;              /* enum session_state */
	uint32_t collector_asleep;    /* 1 while the collector waits on `wake` */
	/* Futex: producers add 1 and wake when a ring fills while the collector sleeps. */
	uint32_t wake;
	uint32_t on_error; /* enum finding_policy of each class, two bits each; fixed like options */
	uint64_t heartbeat; /* the collector adds 1 at every pass */
	uint64_t tsc; /* at the last pass: for threads that may not read the counter */
	/* Append-only counts, by atomic add from any process. */
	uint32_t module_count;
	uint32_t node_count;   /* next free node; begins at NODE_FIRST */
	uint32_t ring_count;   /* highest slot ever claimed + 1 */
	uint32_t process_count;/* highest process index ever claimed + 1 */
	uint32_t intern_level; /* level that new nodes go to */
	uint32_t allocator_count; /* next pool id; 0 is the program's own heap */
	uint64_t unrecorded;   /* calls not recorded because there was no ring for them */
	uint32_t intern_used[SESSION_INTERN_LEVELS];
	uint32_t plans_wanted; /* modules whose hooks a process waits for; the tool subtracts */
	uint32_t crash_count;  /* claimed, also beyond CRASH_MAX */
	/* A robust futex: the thread number of the collector's first thread. When that ends, however
	 * it ends, the kernel sets FUTEX_OWNER_DIED. 0: not tied to one. */
	uint32_t collector_life;
	uint32_t scans_wanted; /* a process adds 1 when it has made a session_scan WANTED */
	uint32_t leak_points;  /* at what processes ask for one: 1 << enum scan_reason; fixed like
				  options */
	uint64_t leak_marks[SESSION_LEAK_MARKS]; /* hash_bytes() of the names, where marks are;
						    fixed, too */
};

enum process_state {
	PROCESS_UNUSED = 0,
	PROCESS_CLAIMED = 1, /* being filled in */
	PROCESS_READY = 2,   /* the collector may read it */
	PROCESS_SEEN = 3,    /* the collector has written its start */
	PROCESS_GONE = 4,
};

enum process_origin {
	PROCESS_FROM_EXEC = 0,
	PROCESS_FROM_FORK = 1,
};

/* One process image: an exec'd program or a forked child. Index 0 is the first. */
struct session_process {
	uint32_t state;  /* claimed by CAS; READY by its process, SEEN and GONE by the tool */
	uint32_t pid;
	uint32_t parent; /* process index, or UINT32_MAX */
	uint32_t origin;
	uint32_t foreign_pids; /* its pid is not one of the tool's pid namespace */
	uint32_t backend_module_plus_1; /* module whose malloc serves the program; 0: unknown */
	uint64_t start_tsc;
	uint64_t nested; /* calls that were not recorded because they came from inside a hook */
	uint64_t untracked_frees; /* frees of blocks that were never recorded */
	uint64_t lost_allocs;     /* lost with a full ring */
	uint64_t lost_frees;
	uint64_t lost_findings; /* wrong releases that are in no session_finding */
	/* Releases that look mismatched, by code that has operators new or delete of its own. */
	uint64_t unjudged_releases;
	uint64_t block_roots; /* address of its block table's roots, of all spaces:
				 wire/block_layout.h; 0: not yet */
	char exe[256];     /* /proc/self/exe at the start, cut if longer; always terminated */
	uint64_t memory_tables; /* address of a struct memory_tables: wire/memory_tables.h; 0: not
				   yet */
	char command[672]; /* arguments, each ended by NUL, cut if longer; two NULs at the end */
};

enum ring_state {
	RING_FREE = 0,
	RING_CLAIMED = 1, /* being set up by a thread */
	RING_ACTIVE = 2,  /* a thread writes, the collector reads */
};

/* Producer and consumer fields are kept a cache line apart. */
struct session_ring {
	/* Written by the owning thread. */
	uint64_t head;    /* words ever written; released after each event */
	uint64_t counter; /* ALLOC events ever written: the next block's counter */
	uint64_t pad0[6];
	/* Written by the collector. */
	uint64_t tail;    /* words ever read */
	uint64_t pad1[7];
	/* Written when the ring is claimed. */
	uint32_t state;   /* enum ring_state; FREE -> CLAIMED by CAS, ACTIVE -> FREE by the tool */
	uint32_t process; /* index */
	uint32_t tid;
	uint32_t claims;  /* how often it was claimed: tells one thread from the next */
	uint64_t words_offset; /* of its words, from the start of the memfd */
	uint64_t words;        /* capacity, a power of two */
	uint64_t first_counter; /* counter when it was claimed */
	char name[SESSION_THREAD_NAME_BYTES]; /* of the thread, then; the reader terminates it */
	uint64_t pad2;
};

struct session_module {
	uint32_t ready; /* 1 when the rest may be read (released) */
	uint32_t build_id_bytes;
	uint8_t build_id[SESSION_BUILD_ID_BYTES];
	uint32_t process_plus_1; /* != 0: stands for anonymous code (JIT) of that process */
	uint64_t key;            /* hash of path and build id */
	/* Who needs the hooks of a module for which nobody has asked sets WANTED by CAS and waits on
	 * the futex until the tool has set READY: then hooks [first_hook, first_hook + hooks) are its. */
	uint32_t hooks_state; /* enum hooks_state */
	uint32_t first_hook;
	uint32_t hooks;
	char path[SESSION_MODULE_PATH_BYTES]; /* as the loader knows it; always terminated */
	/* Asked for and answered in the same way: whether its file has an allocator whose functions
	 * nobody finds; then also which one. */
	uint32_t carried_state; /* enum hooks_state */
	uint8_t carried;	/* enum session_carried */
	uint8_t carried_family; /* enum family */
	char carried_version[14]; /* cut if longer; terminated */
};

enum session_carried {
	CARRIED_UNKNOWN = 0, /* the file could not be looked at */
	CARRIED_NOTHING = 1, /* no allocator */
	CARRIED_SEEN = 2,    /* one that can be hooked, or several, or operators new and delete */
	CARRIED_HIDDEN = 3,  /* one, stripped of its symbols */
};

enum hooks_state { HOOKS_UNKNOWN = 0, HOOKS_WANTED = 1, HOOKS_READY = 2 };

enum session_hook_flag {
	SESSION_HOOK_LOADER = 1,   /* no allocator's: what the dynamic linker calls when it loads */
	SESSION_HOOK_OWN_FILE = 2, /* the module is nothing but the allocator */
	SESSION_HOOK_OPENS =
		4, /* no allocator's: dlopen and its like; seen, and not stood in for */
	SESSION_HOOK_MAPS =
		8, /* no allocator's: libc's mmap and its like; hooked with libc's malloc */
	SESSION_HOOK_ENDS =
		16, /* no allocator's: a process ends here; `role` is an enum session_ending */
};

/* What a function with SESSION_HOOK_ENDS does. */
enum session_ending {
	SESSION_ENDING_BEGINS = 0,    /* exit(), quick_exit(): handlers come first */
	SESSION_ENDING_NOW = 1,	      /* _exit(), where all the others end */
	SESSION_ENDING_EXEC = 2,      /* of a path, */
	SESSION_ENDING_EXEC_AT = 3,   /* of a path in a directory, */
	SESSION_ENDING_EXEC_FILE = 4, /* of an open file */
};

/* A function of an allocator that can be hooked inline, or cannot, as its plan says. */
struct session_hook {
	uint8_t family;  /* enum family */
	uint8_t number;  /* which allocator of the module */
	uint8_t role;    /* enum role */
	uint8_t flags;   /* enum session_hook_flag */
	char arguments[8]; /* as in functions.def; terminated */
	char name[SESSION_HOOK_NAME_BYTES]; /* cut if longer; terminated */
	char version[32]; /* of FAMILY_USER the family's name */
	struct hook_plan plan;
	uint64_t outcomes; /* hook_outcome(): set by the processes */
};

enum session_load_flag {
	SESSION_LOAD_STARTUP = 1, /* there when the program started */
	SESSION_LOAD_OPENED = 2,  /* opened by the program; what follows came with it */
	SESSION_LOAD_GLOBAL = 4,  /* with RTLD_GLOBAL */
	SESSION_LOAD_DEEPBIND = 8,   /* with RTLD_DEEPBIND */
	SESSION_LOAD_MODE_KNOWN = 16, /* the two before are known */
	SESSION_LOAD_RUNTIME = 32,    /* the runtime's own */
	SESSION_LOAD_GONE = 64,	      /* unloaded */
};

struct session_load {
	uint16_t module;
	uint8_t space; /* namespace: 0 is the program's, others as the loader lists them */
	uint8_t flags; /* enum session_load_flag */
};

/* Which modules a process has or had: found at its start, in stacks, before a dlclose() and at its
 * exit. One for each process record. Bits by module number, set by the process; the tool clears
 * them before the record is used again. */
struct session_loaded {
	uint64_t once[SESSION_MAX_MODULES / 64];
	uint64_t several[SESSION_MAX_MODULES / 64]; /* several copies at the same time (dlmopen) */
	/* In the order in which they were loaded, that of a namespace; written by the process alone.
	 * The count is raised (released) when the entry has been written. */
	uint32_t order_count;
	uint32_t pad;
	struct session_load order[SESSION_MAX_ORDER];
};

/* A finding of the session: an entry of an open-addressed table, in which a finding begins at key
 * modulo the size. Never taken out. */
struct session_finding {
	uint64_t key;	/* of what makes it one; 0: empty. Set by CAS */
	uint64_t count; /* how often it occurred */
	uint64_t told;	/* 1: its event is or will be in a ring. Set by CAS */
};

/* `offset` is the code address minus the module's load bias (an ELF virtual address), already
 * made to lie inside the calling instruction: return address - 1, or the exact pc of a frame that
 * a signal interrupted. For anonymous code it is the address in memory. */
struct session_node {
	uint32_t parent;
	uint16_t module;
	uint16_t ready; /* 1 when the rest may be read */
	uint64_t offset;
};

_Static_assert(sizeof(struct session_header) == 208, "layout is shared");
_Static_assert(sizeof(struct session_process) == 1024, "layout is shared");
_Static_assert(sizeof(struct session_ring) == 192, "layout is shared");
_Static_assert(sizeof(struct session_module) == 512, "layout is shared");
_Static_assert(sizeof(struct session_loaded) == 8192, "layout is shared");
_Static_assert(sizeof(struct session_finding) == 24, "layout is shared");
_Static_assert(sizeof(struct session_node) == 16, "layout is shared");

enum { SESSION_PAGE = 4096 };

static inline uint64_t session_page_up(uint64_t bytes)
{
	return (bytes + SESSION_PAGE - 1) & ~(uint64_t)(SESSION_PAGE - 1);
}

static inline uint64_t session_processes_offset(void)
{
	return SESSION_PAGE;
}

static inline uint64_t session_rings_offset(void)
{
	return session_processes_offset() +
	       session_page_up(SESSION_MAX_PROCESSES * sizeof(struct session_process));
}

static inline uint64_t session_modules_offset(void)
{
	return session_rings_offset() +
	       session_page_up(SESSION_MAX_RINGS * sizeof(struct session_ring));
}

static inline uint64_t session_loaded_offset(void)
{
	return session_modules_offset() +
	       session_page_up(SESSION_MAX_MODULES * sizeof(struct session_module));
}

static inline uint64_t session_hooks_offset(void)
{
	return session_loaded_offset() +
	       (uint64_t)SESSION_MAX_PROCESSES * sizeof(struct session_loaded);
}

static inline uint64_t session_findings_offset(void)
{
	return session_hooks_offset() +
	       session_page_up(SESSION_MAX_HOOKS * sizeof(struct session_hook));
}

/* Entries of an intern level: node numbers, 0 is empty. */
static inline uint64_t session_intern_entries(unsigned level)
{
	return UINT64_C(1) << (SESSION_INTERN_FIRST_BITS + SESSION_INTERN_STEP_BITS * level);
}

static inline uint64_t session_intern_offset(unsigned level)
{
	uint64_t offset = session_findings_offset() +
			  session_page_up(SESSION_MAX_FINDINGS * sizeof(struct session_finding));
	for (unsigned i = 0; i < level; i++)
		offset += session_intern_entries(i) * sizeof(uint32_t);
	return offset;
}

static inline uint64_t session_nodes_offset(void)
{
	return session_intern_offset(SESSION_INTERN_LEVELS);
}

static inline uint64_t session_words_offset(void)
{
	return session_nodes_offset() + (uint64_t)SESSION_MAX_NODES * sizeof(struct session_node);
}

static inline uint64_t session_ring_words(unsigned slot)
{
	return slot < SESSION_LARGE_RINGS ? SESSION_LARGE_RING_WORDS : SESSION_SMALL_RING_WORDS;
}

static inline uint64_t session_ring_words_offset(unsigned slot)
{
	uint64_t large = slot < SESSION_LARGE_RINGS ? slot : SESSION_LARGE_RINGS;
	return session_words_offset() +
	       8 * (large * SESSION_LARGE_RING_WORDS + (slot - large) * SESSION_SMALL_RING_WORDS);
}

static inline uint64_t session_crashes_offset(void)
{
	return session_ring_words_offset(SESSION_MAX_RINGS);
}

static inline uint64_t session_scans_offset(void)
{
	return session_crashes_offset() +
	       session_page_up(CRASH_MAX * sizeof(struct session_crash));
}

/* One session_serve for each session_scan. */
static inline uint64_t session_serves_offset(void)
{
	return session_scans_offset() + session_page_up(SCAN_MAX * sizeof(struct session_scan));
}

static inline uint64_t session_bytes(void)
{
	return session_serves_offset() + session_page_up(SCAN_MAX * sizeof(struct session_serve));
}

/* What the tool answers on the socket when a process connects, with the memfd beside it. The
 * process sends nothing: the tool knows its pid from the socket. */
struct session_welcome {
	uint64_t magic;
	uint32_t version;
	uint32_t pid;     /* the process's pid as the tool sees it */
	uint32_t process; /* index of the process record, already claimed for it */
	uint32_t trace;   /* 0: --only or --skip says that this program is not to be traced */
};

_Static_assert(sizeof(struct session_welcome) == 24, "layout is shared");

#endif

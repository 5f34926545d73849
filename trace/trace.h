/* trace.h - the trace file: what is in it, writing it, reading it.
 *
 * One file per session with all its processes. It is a sequence of chunks, each with type,
 * length, checksum and a zlib payload, readable to the last whole chunk after any crash; at the
 * end, when there was time to write them, symbols and an index. man/alloctrace-trace.5 is the
 * specification. Used by the tool only; errors as in util/err.h.
 *
 * The reader gives events in the order in which the writer took them: the collector's merged
 * order, in which an allocation always comes before its free. */
#ifndef ALLOCTRACE_TRACE_TRACE_H
#define ALLOCTRACE_TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

enum trace_op {
	TRACE_ALLOC,	      /* .slot .counter .stack .size .role .flags .allocator */
	TRACE_FREE,	      /* .slot (who frees) .block_slot .counter .site .role .flags */
	TRACE_FREE_INHERITED, /* as FREE; the block was made before the fork that made this process
			       */
	TRACE_PROCESS_START,  /* .process; details by trace_reader_process() */
	TRACE_PROCESS_END,    /* .process .value = wait status, or TRACE_STATUS_UNKNOWN */
	TRACE_THREAD_START,   /* .slot is now .thread of .process */
	TRACE_THREAD_END,     /* .slot .thread */
	TRACE_MODULE,	      /* .process .module .value = load bias */
	TRACE_MARK,	      /* .slot .role = enum mark_type, .text */
	TRACE_MAP,	      /* .slot .role .flags .size .address .stack; only with --mmap */
	TRACE_LOSS,	      /* .process .value = events lost, .role = enum trace_loss */
	TRACE_FINDING,	      /* .slot .value = number; details by trace_reader_finding() */
	TRACE_LEAK_SCAN,      /* .process .value = number; details by trace_reader_leak_scan() */
	TRACE_OP_COUNT
};

enum trace_loss {
	TRACE_LOSS_ALLOCS,	    /* ring full: allocations not recorded */
	TRACE_LOSS_FREES,	    /* ring full: frees not recorded (their blocks look live) */
	TRACE_LOSS_UNTRACKED_FREES, /* frees of what is no live recorded block */
	TRACE_LOSS_NESTED,	    /* calls from inside a hook */
	TRACE_LOSS_NO_RING,	    /* too many threads at once */
	TRACE_LOSS_CUT,		    /* size or duration limit reached: the rest is not here */
	TRACE_LOSS_DAMAGED,	    /* words of a ring that the program has overwritten */
	TRACE_LOSS_FINDINGS,	    /* wrong releases beyond those that there was room for */
	TRACE_LOSS_UNJUDGED,	    /* mismatched releases that may be right: see findings */
	TRACE_LOSS_COUNT
};

#define TRACE_STATUS_UNKNOWN UINT64_MAX
#define TRACE_NO_MODULE	     UINT32_MAX
#define TRACE_NO_PROCESS     UINT32_MAX
#define TRACE_NO_THREAD	     UINT32_MAX

enum {
	TRACE_VERSION = 1,
	TRACE_TIME_STEP_NS = 1000000,
	TRACE_MAX_SLOTS = 65536,      /* slots are below this */
	TRACE_MAX_ALLOCATORS = 65536, /* allocators too */
};

/* Everything an event can say; which fields hold is told at enum trace_op, the others are 0.
 * Index spaces: slot, thread (running number: each THREAD_START names a known thread or the next
 * new one, from 0), process, module, node (= stack and site), allocator. Events that the reader
 * gives are checked: slot and allocator are below their maximum, role below ROLE_COUNT (for
 * MARK, LOSS: a mark_type, trace_loss), stack, process, module, finding and leak scan have their
 * table entries. Not checked, see trace_verify(): that a freed block was ever allocated. */
struct trace_event {
	uint8_t op;    /* enum trace_op */
	uint8_t role;  /* enum role, or as told at the op */
	uint8_t flags; /* enum event_flag */
	uint8_t pad;
	uint32_t slot;
	uint32_t stack;	    /* node; for FREE the site */
	uint32_t allocator; /* 0 = the program's heap, else struct trace_allocator tells */
	uint64_t time_ns;   /* since the session began */
	union {
		uint64_t size; /* bytes */
		uint64_t value;
	};
	union {
		uint64_t counter; /* block name: (block_slot, counter); for ALLOC (slot, counter) */
		uint64_t address;
		const char *text; /* valid until the next call of the reader; up to 4095 bytes */
	};
	union {
		uint32_t block_slot;
		uint32_t process;
	};
	union {
		uint32_t thread;
		uint32_t module;
	};
};

/* ---- what the tables hold ---- */

struct trace_node {
	uint32_t parent; /* node, or NODE_ROOT, NODE_TRUNCATED, NODE_UNKNOWN of wire/session.h */
	uint32_t module; /* index, or TRACE_NO_MODULE */
	uint64_t offset; /* as struct session_node */
};

struct trace_module {
	const char *path;
	const uint8_t *build_id;
	uint32_t build_id_bytes;	   /* 0 if it has none */
	uint32_t anonymous_process_plus_1; /* != 0: code without a file (JIT) of that process */
};

struct trace_process {
	uint32_t pid;
	uint32_t parent; /* process index, or TRACE_NO_PROCESS */
	uint32_t origin; /* enum process_origin */
	uint64_t start_ns;
	const char *exe;
	const char *command; /* arguments, each ended by NUL; command_bytes in all */
	uint32_t command_bytes;
};

struct trace_thread {
	uint32_t process; /* index, or TRACE_NO_PROCESS */
	uint32_t tid;	  /* as the process sees it */
	const char *name; /* "" if not known */
};

enum trace_allocator_kind {
	TRACE_ALLOCATOR_POOL = 0,     /* of alloctrace.h: its blocks lie inside others */
	TRACE_ALLOCATOR_INSTANCE = 1, /* an allocator's code in a module, a heap of its own */
};

struct trace_allocator {
	/* Pool name; "jemalloc 5.3.0 in libplug.so"; or the backend's path for allocator 0. */
	const char *name;
	uint32_t process; /* index, or TRACE_NO_PROCESS */
	uint32_t kind;	  /* enum trace_allocator_kind, or unknown to it; of 0 it says nothing */
	uint32_t module_plus_1; /* of an instance: index of the module that its code is in; or 0 */
};

enum trace_instance_flag {
	TRACE_INSTANCE_LAYER = 1, /* hands requests on: no heap of its own */
};

enum trace_user_flag {
	TRACE_USER_SERVED = 1,	 /* the process's malloc is its */
	TRACE_USER_COPIES = 2,	 /* it has several copies of the module at the same time */
	TRACE_USER_RECORDED = 4, /* served, and by way of the runtime */
};

struct trace_function {
	const char *name;
	uint64_t address; /* virtual, in the module's file */
	uint32_t flags;	  /* enum allocator_function_flag of wire/families.h */
	uint64_t hooks;	  /* hook_outcome() of wire/plan.h; 0: nothing was tried */
};

struct trace_user {
	uint32_t process; /* index */
	uint32_t flags;	  /* enum trace_user_flag */
};

/* The code of an allocator in a module, and the processes that had the module: in each of them it
 * is an instance. Known when the recording ended in good order. */
struct trace_instance {
	uint32_t module;     /* index */
	const char *family;  /* "jemalloc", ... */
	const char *version; /* "" if not known */
	const char *prefix;  /* of its functions, or "" */
	uint32_t linkage;    /* enum allocator_linkage of wire/families.h, or unknown to it */
	uint32_t flags;	     /* enum trace_instance_flag */
	const struct trace_function *functions;
	const struct trace_user *users; /* processes in rising order */
	uint32_t function_count, user_count;
};

enum trace_finding_flag { /* beside those of enum finding_flag */
			  TRACE_FINDING_JUDGED =
				  16, /* the next one holds: it was known when this was written */
			  TRACE_FINDING_DOUBTFUL = 32, /* may be right after all: by code with
							  operators of its own */
};

/* A wrong release; what the fields mean is told at struct finding of wire/findings.h. Its event is
 * where it occurred first. */
struct trace_finding {
	uint8_t class;	   /* enum finding_class, or unknown to it */
	uint8_t outcome;   /* enum finding_outcome, or unknown to it */
	uint8_t flags;	   /* enum finding_flag, enum trace_finding_flag */
	uint8_t role;	   /* enum role */
	uint8_t made_role; /* enum role */
	uint8_t why_kind;  /* enum why_kind, or unknown to it: of the releasing call */
	uint8_t made_why_kind; /* and of the one that made the block */
	uint8_t pad;
	uint32_t process; /* index, or TRACE_NO_PROCESS */
	uint32_t thread;  /* that released it; or TRACE_NO_THREAD, as the next two */
	uint32_t made_thread;
	uint32_t first_thread;
	uint32_t allocator;
	uint32_t stack, made_stack, first_site; /* nodes */
	uint64_t address, argument;
	uint64_t size; /* of the block, in bytes */
	uint64_t age_ns;
	uint64_t time_ns; /* since the session began */
	uint64_t count;	  /* how often; known when the recording has ended in good order, else 1 */
	/* How the calls came to their functions, and what would put it right: a sentence each, without
	 * a full stop; NULL: not known, and the kinds say nothing. May hold any bytes. */
	const char *why, *fix;
	/* Symbols of the functions that released and made the block where they are not those of the
	 * roles ("mi_free"); else NULL. May hold any bytes. */
	const char *call, *made_call;
};

/* A word found in a crash that points into a block. */
struct trace_crash_pointer {
	uint32_t place; /* enum crash_place of wire/crashes.h, or unknown to it */
	uint32_t flags; /* enum crash_pointer_flag, or unknown to it */
	uint32_t made_role; /* enum role */
	uint32_t allocator;
	uint32_t made_thread, freed_thread; /* or TRACE_NO_THREAD */
	uint32_t made_stack, freed_site;    /* nodes */
	uint64_t value, block;		    /* the word; where the block starts */
	uint64_t size;			    /* of the block, in bytes */
	uint64_t age_ns;
};

enum { TRACE_CRASH_REGISTERS = 17 };

/* A signal that ended a process, or was about to; as struct session_crash of wire/crashes.h tells. */
struct trace_crash {
	uint32_t process; /* index, or TRACE_NO_PROCESS */
	uint32_t thread;  /* or TRACE_NO_THREAD: it was not known */
	uint32_t pid, tid; /* as the process sees them */
	uint32_t signal;
	int32_t code;	 /* si_code */
	uint32_t sender; /* pid, or 0 */
	uint32_t flags;	 /* enum crash_flag, or unknown to it */
	uint32_t stack;	 /* node */
	uint64_t address;
	uint64_t time_ns; /* since the session began */
	uint64_t failed_bytes, failed_ns;
	uint64_t registers[TRACE_CRASH_REGISTERS];
	const char *message; /* "" if there is none */
	const struct trace_crash_pointer *pointers;
	uint32_t pointer_count;
};

/* A look for leaks, and what it found; as struct leak_scan of scan/leak_scan.h tells. */
struct trace_leak_group {
	uint8_t kind;	 /* enum leak_kind, or unknown to it */
	uint8_t role;	 /* enum role */
	uint8_t holder;	 /* enum leak_holder, or unknown to it */
	uint8_t flags;	 /* enum leak_group_flag, or unknown to it */
	uint32_t stack;	 /* node */
	uint32_t thread; /* that made the example, or TRACE_NO_THREAD */
	uint32_t allocator;
	uint32_t parent_plus_1; /* group of the same scan, with a smaller number; or 0 */
	uint64_t blocks, bytes;
	uint64_t indirect_blocks, indirect_bytes;
	uint64_t least_bytes, most_bytes;
	uint64_t youngest_ns, oldest_ns, sum_ns; /* ages */
	uint64_t address;
	uint64_t holder_address;       /* of a module: in its file's terms, else in memory */
	uint32_t holder_thread;	       /* or TRACE_NO_THREAD */
	uint32_t holder_module_plus_1; /* index; or 0 */
	const uint8_t *peek;
	uint32_t peek_bytes;
};

struct trace_leak_sum {
	uint64_t blocks, bytes;
};

enum {
	TRACE_LEAK_KINDS = 4,
	TRACE_MAX_LEAK_GROUPS = 1 << 16, /* of a scan */
	TRACE_MAX_PEEK_BYTES = 64,
};

struct trace_leak_scan {
	uint32_t process;    /* index */
	uint32_t thread;     /* that asked for it, or TRACE_NO_THREAD */
	uint32_t reason;     /* enum scan_reason of wire/scans.h, or unknown to it */
	uint32_t method;     /* enum scan_method, or unknown to it */
	uint64_t time_ns;    /* since the session began */
	uint64_t stopped_ns; /* how long the process stood still for it */
	uint64_t took_ns;    /* from its beginning to its result */
	struct trace_leak_sum kinds[TRACE_LEAK_KINDS];
	struct trace_leak_sum inherited, ignored, older;
	uint64_t root_bytes, unreadable_bytes;
	const char *label;   /* of a mark or scope; "" if there is none */
	const char *problem; /* why it is not all, or nothing; "": nothing is missing */
	const struct trace_leak_group *groups; /* lost ones first */
	uint32_t group_count;
	/* Groups that there was no room for; what was in them is in `kinds` all the same. */
	uint32_t cut_groups;
	struct trace_leak_sum cut;
	uint64_t changing_pages; /* as struct leak_scan has it */
};

/* One source position of a code address; inlined ones come innermost first. */
struct trace_symbol {
	const char *function; /* demangled; NULL if not known */
	const char *file;     /* NULL if not known */
	uint32_t line;	      /* 0 if not known */
	bool inlined;	      /* the next one in the list called this one, inlined */
};

/* Key/value facts about the session: "host", "kernel", "tool", "cwd", "started" (RFC 3339),
 * "command", "options", "clock_hz", "clock_steady" ("yes", "no"), "wait_status", "ended" ("exit",
 * "limit", "interrupted", "failed"), "empty" (why it holds no allocation),
 * "suppressions" (of leaks, that the traced programs gave: a line each),
 * "crashes_not_told" (how many left no record). */

/* ---- writing ---- */

struct trace_writer;

/* Creates the file, or empties it when it is a trace already. A file that is something else
 * (somebody typed -o ./program ./program) is refused. A symbolic link is not followed; a FIFO with
 * a reader and a character device (/dev/null) are written to as they are; "-" is the standard
 * output when it is no terminal. Anything else is refused. The file is valid, to its last whole
 * chunk, at every moment. The caller ignores SIGPIPE and SIGXFSZ.
 *
 * The writer never writes what the reader would refuse: an index not given before is written as
 * NODE_UNKNOWN or TRACE_NO_MODULE, an event that cannot be mended is left out; both are counted
 * in trace_writer_repairs(). */
struct trace_writer *trace_writer_open(const char *path, struct err *err) AT_MUST_CHECK;

/* Facts may be given at any time; a later value of a key replaces the earlier one. */
void trace_writer_fact(struct trace_writer *w, const char *key, const char *value);

/* Tables: each index is given once, in rising order from the first (nodes: NODE_FIRST), before
 * an event that names it. */
void trace_writer_module(struct trace_writer *w, const struct trace_module *module);
void trace_writer_node(struct trace_writer *w, const struct trace_node *node);
void trace_writer_process(struct trace_writer *w, const struct trace_process *process);
void trace_writer_allocator(struct trace_writer *w, uint32_t index,
			    const struct trace_allocator *allocator);
/* Of a thread whose THREAD_START has been written; given again when its name has changed, the last
 * one holds. */
void trace_writer_thread(struct trace_writer *w, uint32_t thread,
			 const struct trace_thread *record);

/* At any time after what it names; the strings and arrays are copied. */
void trace_writer_instance(struct trace_writer *w, const struct trace_instance *instance);

/* Numbers rise from 0; given again when more is known, the last one holds. A thread that has not
 * been started, and a process or node not given before, is written as not known. */
void trace_writer_finding(struct trace_writer *w, uint32_t number,
			  const struct trace_finding *finding);

/* Numbered from 0 in the order given; what it names that has not been given before is written as not
 * known, and pointers that cannot be are left out. */
void trace_writer_crash(struct trace_writer *w, const struct trace_crash *crash);

/* Numbers rise from 0, each is given once, before the event that names it. What a group names that
 * has not been given before is written as not known; a parent that does not come before its child
 * is none. Groups beyond TRACE_MAX_LEAK_GROUPS are added to what scan->cut says. */
void trace_writer_leak_scan(struct trace_writer *w, uint32_t number,
			    const struct trace_leak_scan *scan);

/* Moves the clock for the events that follow; never backwards (an earlier time is taken as the
 * present one). The file keeps whole microseconds, and where events come fast it leaves out small
 * moves: the time of an ALLOC or FREE may be too early by some tens of microseconds, in a loop
 * that does nothing new by up to TRACE_TIME_STEP_NS. Other events have their exact time. */
void trace_writer_time(struct trace_writer *w, uint64_t time_ns);

/* The hot ones: a few ns each. The counter of an ALLOC is the number of ALLOC events before it in
 * its slot. */
void trace_writer_alloc(struct trace_writer *w, uint32_t slot, unsigned role, unsigned flags,
			uint32_t stack, uint64_t size, uint32_t allocator);
void trace_writer_free(struct trace_writer *w, uint32_t slot, unsigned role, unsigned flags,
		       uint32_t site, uint32_t block_slot, uint64_t counter, bool inherited);
/* All other ops; time_ns is ignored. */
void trace_writer_event(struct trace_writer *w, const struct trace_event *event);

/* The symbols of one (module, offset), innermost first. */
void trace_writer_symbols(struct trace_writer *w, uint32_t module, uint64_t offset,
			  const struct trace_symbol *symbols, size_t count);

/* Writes what is pending to the file as chunks. Cheap when little is pending is not promised:
 * call it every second or so, the writer itself flushes when a chunk is full. Returns 0, or -1
 * with the error (disk full, ...), which then is final: later calls do nothing and return it. */
int trace_writer_flush(struct trace_writer *w, struct err *err);
uint64_t trace_writer_bytes(const struct trace_writer *w);   /* written to the file so far */
uint64_t trace_writer_events(const struct trace_writer *w);  /* ALLOC and FREE taken so far */
uint64_t trace_writer_repairs(const struct trace_writer *w); /* see trace_writer_open() */

/* Flushes, writes the index, closes and frees, also after an error, which it returns. */
int trace_writer_close(struct trace_writer *w, struct err *err);

/* ---- reading ---- */

struct trace_reader;

/* Opens and reads the header. A file that is no trace, or of a newer version, is refused. */
struct trace_reader *trace_reader_open(const char *path, struct err *err) AT_MUST_CHECK;
void trace_reader_close(struct trace_reader *r);

/* Decodes up to max events into out. Returns how many (fewer than max is not the end), 0 at the
 * end, -1 on an I/O error. A cut off or damaged chunk ends the trace there: see
 * trace_reader_damage(). Table entries and facts met on the way are available from then on.
 * out[i].text is valid until the next call. */
long trace_reader_next(struct trace_reader *r, struct trace_event *out, size_t max,
		       struct err *err);

/* Reads all tables, facts and symbols without giving events (skips event payloads). Events may
 * still be read afterwards, from where the reader stands. */
int trace_reader_load_tables(struct trace_reader *r, struct err *err);

/* NULL, or what is wrong with the file and from which byte on ("cut off after 81920 bytes: the
 * program or the collector was killed"). Known when the end has been reached. */
const char *trace_reader_damage(const struct trace_reader *r);

uint64_t trace_reader_file_bytes(const struct trace_reader *r);
uint64_t trace_reader_position(const struct trace_reader *r); /* byte reached, for progress */
unsigned trace_reader_version(const struct trace_reader *r);
const char *trace_reader_fact(const struct trace_reader *r, const char *key); /* NULL: none */

size_t trace_reader_node_count(const struct trace_reader *r); /* including the fixed nodes */
size_t trace_reader_module_count(const struct trace_reader *r);
size_t trace_reader_process_count(const struct trace_reader *r);
size_t trace_reader_allocator_count(const struct trace_reader *r);
size_t trace_reader_thread_count(const struct trace_reader *r);
size_t trace_reader_instance_count(const struct trace_reader *r);
size_t trace_reader_finding_count(const struct trace_reader *r);
size_t trace_reader_crash_count(const struct trace_reader *r);
size_t trace_reader_leak_scan_count(const struct trace_reader *r);
/* These check the index: an unknown one gives a record with empty fields ("", 0, TRACE_NO_...),
 * never NULL. Valid until the next trace_reader_next() or trace_reader_load_tables(); the strings
 * in them until trace_reader_close(). */
const struct trace_node *trace_reader_node(const struct trace_reader *r, uint32_t node);
const struct trace_module *trace_reader_module(const struct trace_reader *r, uint32_t module);
const struct trace_process *trace_reader_process(const struct trace_reader *r, uint32_t process);
const struct trace_allocator *trace_reader_allocator(const struct trace_reader *r,
						     uint32_t allocator);
const struct trace_thread *trace_reader_thread(const struct trace_reader *r, uint32_t thread);
const struct trace_instance *trace_reader_instance(const struct trace_reader *r, uint32_t instance);
const struct trace_finding *trace_reader_finding(const struct trace_reader *r, uint32_t finding);
const struct trace_crash *trace_reader_crash(const struct trace_reader *r, uint32_t crash);
const struct trace_leak_scan *trace_reader_leak_scan(const struct trace_reader *r, uint32_t scan);

/* The embedded symbols of (module, offset), innermost first: a pointer to *count records, or NULL.
 * Valid until the next trace_reader_next() or trace_reader_load_tables(). */
const struct trace_symbol *trace_reader_symbols(const struct trace_reader *r, uint32_t module,
						uint64_t offset, size_t *count);

/* ---- checking ---- */

struct trace_verify_report {
	uint64_t bytes;	     /* of the file */
	uint64_t good_bytes; /* up to where it is readable */
	uint64_t chunks;
	uint64_t events; /* of any op */
	uint64_t allocs;
	uint64_t frees; /* of both kinds */
	uint64_t inherited_frees;
	uint64_t double_frees;	  /* a block name freed twice (not counted: inherited ones) */
	uint64_t unknown_frees;	  /* a block name that was not allocated before */
	uint64_t live;		  /* allocated and not freed */
	uint64_t first_bad_event; /* number, from 0, of the first such free; UINT64_MAX: none */
	uint64_t nodes;
	uint64_t symbols; /* (module, offset) pairs with symbols */
	bool closed;	  /* it has its end chunk */
	char damage[256]; /* "" or what trace_reader_damage() says */
};

/* Reads the whole file, checks every checksum and that each free names a block that was allocated
 * before and not yet freed. Returns 0 when the file could be read, whatever was found, -1 with
 * the error when not. Memory: one bit per allocation. */
int trace_verify(const char *path, struct trace_verify_report *report,
		 struct err *err) AT_MUST_CHECK;

#endif

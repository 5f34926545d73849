/* writer_state.h - struct trace_writer, shared by writer.c and write_*.c. */
#ifndef ALLOCTRACE_TRACE_WRITER_STATE_H
#define ALLOCTRACE_TRACE_WRITER_STATE_H

#include "trace/bytes.h"
#include "trace/chunk_file.h"
#include "trace/format.h"
#include "trace/predict.h"
#include "trace/strings_out.h"
#include "util/err.h"

enum {
	/* Pending tables and symbols go out when they have grown to this. */
	WRITER_PENDING_BYTES = 1 << 20,
	/* The clock is written when it has moved by the first, or in any case by the second; in
	 * FORMAT_TIME_UNIT_NS. See refill_time_credit(). */
	WRITER_TIME_STEP = 16,
	WRITER_TIME_MAX_STEP = TRACE_TIME_STEP_NS / FORMAT_TIME_UNIT_NS,
};

/* The numbers of a node as a stack and as a site, 0: none yet (see predict.h). */
struct node_numbers {
	uint32_t stack;
	uint32_t site;
};

struct trace_writer {
	/* ---- events; the hot part ---- */
	struct predictor predictor;
	uint64_t time;	       /* now, in FORMAT_TIME_UNIT_NS */
	uint64_t written_time; /* of the events so far */
	uint64_t time_credit;  /* how many times may be written now */
	uint64_t credit_time;  /* time that the credit was given for */
	size_t credit_bytes;   /* bytes of the chunk that it was given for */
	bool time_due;	       /* the two are far enough apart: say so before an event */
	uint32_t node_count;
	struct node_numbers *numbers; /* by node */
	size_t numbers_cap;
	uint8_t *column[COLUMN_COUNT]; /* where the next byte goes */
	uint8_t *column_start[COLUMN_COUNT];
	uint8_t *last_switch; /* where the ops were then, or where they begin */
	uint8_t *ops_limit;   /* the chunk goes out when the ops reach this */
	uint64_t events;
	uint64_t repairs;
	uint8_t *column_memory;
	struct bytes assembled;
	struct parts_plan parts;

	/* ---- tables ---- */
	uint32_t module_count;
	uint32_t process_count;
	uint32_t thread_count;	 /* by THREAD_START */
	uint32_t instance_count;
	uint32_t finding_count;
	uint32_t crash_count;
	uint32_t leak_scan_count;
	uint32_t thread_records; /* threads below this have a table record */
	struct bytes tables;
	uint32_t tables_pending; /* records in it */
	struct bytes nodes[3];	 /* parents, modules, offsets */
	uint32_t nodes_pending;
	struct bytes findings; /* records; they go out after the nodes, which they name */
	uint32_t findings_pending;

	/* ---- symbols ---- */
	struct bytes symbols;
	uint32_t symbols_pending;
	uint32_t symbols_module; /* of the record before */
	uint64_t symbols_offset;
	struct strings_out strings;

	struct output output;
	struct bytes index; /* entries of all chunks but the event chunks */
	uint32_t index_count;
	uint64_t index_last; /* offset of the last entry */
};

/* Writes a chunk and notes it for the index. */
int writer_chunk(struct trace_writer *w, enum chunk_type type, uint32_t count,
		 const uint8_t *payload, size_t bytes);
/* Write what is pending; do nothing when nothing is. */
int writer_flush_tables(struct trace_writer *w);
int writer_flush_symbols(struct trace_writer *w);

/* For records that name nodes: they go out after the nodes that are pending. */
void writer_end_late_record(struct trace_writer *w, enum table_record kind,
			    const struct bytes *body);
/* Add the index + 1, or the node, to the body; what has not been given before is mended. */
void writer_put_thread_index(struct trace_writer *w, struct bytes *body, uint32_t thread);
void writer_put_node_index(struct trace_writer *w, struct bytes *body, uint32_t node);
uint32_t writer_checked_process(struct trace_writer *w, uint32_t process);
uint32_t writer_checked_module_plus_1(struct trace_writer *w, uint32_t module_plus_1);

#endif

/* check-trace.c - checks a trace with trace_verify() and prints what it found as JSON, for tests.
 *
 * usage: check-trace TRACE. Exit code 1 when a free names a block that was not allocated before or
 * was freed already, or when the file is damaged; 2 when it cannot be read. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trace/trace.h"
#include "util/strbuf.h"

enum { MAX_SIZES = 16 };

static uint64_t losses[TRACE_LOSS_COUNT];
static uint64_t sizes[MAX_SIZES]; /* the different ones, as far as there is room */
static size_t size_count;
static struct strbuf exes = STRBUF_INIT, ended = STRBUF_INIT; /* JSON */

static void note_size(uint64_t size)
{
	for (size_t i = 0; i < size_count; i++)
		if (sizes[i] == size)
			return;
	if (size_count < MAX_SIZES)
		sizes[size_count++] = size;
}

static void note_tables(const struct trace_reader *r)
{
	const char *fact = trace_reader_fact(r, "ended");
	for (uint32_t i = 0; i < trace_reader_process_count(r); i++) {
		const char *exe = trace_reader_process(r, i)->exe, *slash = strrchr(exe, '/');
		if (i)
			strbuf_adds(&exes, ", ");
		strbuf_add_json(&exes, slash ? slash + 1 : exe);
	}
	strbuf_add_json(&ended, fact ? fact : "");
}

/* Counts what trace_verify() does not. */
static long count_events(const char *path, uint64_t by_op[TRACE_OP_COUNT], struct err *err)
{
	static struct trace_event events[4096];
	struct trace_reader *r = trace_reader_open(path, err);
	if (!r)
		return -1;
	long n;
	while ((n = trace_reader_next(r, events, 4096, err)) > 0)
		for (long i = 0; i < n; i++) {
			by_op[events[i].op]++;
			if (events[i].op == TRACE_ALLOC)
				note_size(events[i].size);
			if (events[i].op == TRACE_LOSS)
				losses[events[i].role] += events[i].value;
		}
	note_tables(r);
	trace_reader_close(r);
	return n;
}

int main(int argc, char **argv)
{
	struct trace_verify_report v;
	struct err err = { "" };
	uint64_t by_op[TRACE_OP_COUNT] = { 0 };
	if (argc != 2 || trace_verify(argv[1], &v, &err) < 0 ||
	    count_events(argv[1], by_op, &err) < 0) {
		fprintf(stderr, "check-trace: %s\n", err.text);
		return 2;
	}
	struct strbuf damage = STRBUF_INIT;
	strbuf_add_json(&damage, v.damage);
	printf("{\"allocs\": %" PRIu64 ", \"frees\": %" PRIu64 ", \"inherited\": %" PRIu64
	       ", \"double\": %" PRIu64 ", \"unknown\": %" PRIu64 ", \"live\": %" PRIu64
	       ", \"closed\": %s, \"damage\": %s, \"bytes\": %" PRIu64 ", \"nodes\": %" PRIu64
	       ", \"symbols\": %" PRIu64,
	       v.allocs, v.frees, v.inherited_frees, v.double_frees, v.unknown_frees, v.live,
	       v.closed ? "true" : "false", damage.text, v.bytes, v.nodes, v.symbols);
	printf(", \"threads\": %" PRIu64 ", \"thread_ends\": %" PRIu64 ", \"processes\": %" PRIu64
	       ", \"process_ends\": %" PRIu64 ", \"losses\": [",
	       by_op[TRACE_THREAD_START], by_op[TRACE_THREAD_END], by_op[TRACE_PROCESS_START],
	       by_op[TRACE_PROCESS_END]);
	for (int i = 0; i < TRACE_LOSS_COUNT; i++)
		printf("%s%" PRIu64, i ? ", " : "", losses[i]);
	printf("], \"sizes\": [");
	for (size_t i = 0; i < size_count; i++)
		printf("%s%" PRIu64, i ? ", " : "", sizes[i]);
	printf("], \"exes\": [%s], \"ended\": %s}\n", exes.text, ended.text);
	strbuf_release(&exes);
	strbuf_release(&ended);
	strbuf_release(&damage);
	return v.double_frees || v.unknown_frees || v.damage[0] ? 1 : 0;
}

/* mustfail.c - files that are wrong in one way each, with right checksums: each is refused or ends
 * as damage, with a text that says what is wrong. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/trace/check.h"
#include "tests/trace/stream.h"
#include "tests/trace/surgery.h"
#include "trace/trace.h"
#include "wire/session.h"

static char *path;

static void expect_refused(const char *text)
{
	struct err err = { "" };
	struct trace_reader *r = trace_reader_open(path, &err);
	CHECK(!r, "opened, should say: %s", text);
	CHECK(strstr(err.text, text), "it says %s, should say: %s", err.text, text);
}

/* Reads all; the damage must contain text, or there must be none when text is NULL. */
static void expect_damage(const struct bytes *trace, const char *text)
{
	struct err err = { "" };
	struct trace_event events[16];
	file_save(trace, path);
	for (unsigned tables_first = 0; tables_first < 2; tables_first++) {
		struct trace_reader *r = trace_reader_open(path, &err);
		CHECK(r, "%s", err.text);
		if (tables_first)
			CHECK(trace_reader_load_tables(r, &err) == 0, "%s", err.text);
		long n;
		while ((n = trace_reader_next(r, events, 16, &err)) > 0)
			;
		CHECK(n == 0, "%s", err.text);
		const char *damage = trace_reader_damage(r);
		CHECK(text ? damage && strstr(damage, text) : !damage, "it says %s, should say: %s",
		      damage ? damage : "nothing", text ? text : "nothing");
		trace_reader_close(r);
	}
}

static void add_plain(struct bytes *b, unsigned type, uint32_t count, const struct bytes *payload)
{
	trace_add_chunk(b, type, CHUNK_FLAG_PLAIN, count, payload->data, payload->len,
			(uint32_t)payload->len);
}

static void add_end(struct bytes *b)
{
	uint8_t end[FORMAT_END_BYTES] = { 0 };
	trace_add_chunk(b, CHUNK_END, CHUNK_FLAG_PLAIN, 0, end, sizeof(end), sizeof(end));
}

/* A trace of one chunk, closed. */
static void expect_chunk_damage(unsigned type, uint32_t count, const struct bytes *payload,
				const char *text)
{
	struct bytes b = { 0 };
	trace_add_file_header(&b, TRACE_VERSION);
	add_plain(&b, type, count, payload);
	add_end(&b);
	expect_damage(&b, text);
	bytes_release(&b);
}

static void check_refused(void)
{
	struct bytes b = { 0 };
	unlink(path);
	expect_refused("No such file");
	file_save(&b, path);
	expect_refused("is not an alloctrace trace");
	bytes_add(&b, "heaptrack, or a text that is long enough", 40);
	file_save(&b, path);
	expect_refused("is not an alloctrace trace");
	b.len = 0;
	trace_add_file_header(&b, TRACE_VERSION + 1);
	file_save(&b, path);
	expect_refused("has format version 2, this alloctrace reads up to 1");
	b.len = 0;
	trace_add_file_header(&b, 0);
	file_save(&b, path);
	expect_refused("has format version 0");
	b.data[9] = 1;
	file_save(&b, path);
	expect_refused("the header of this trace is damaged");
	unlink(path);
	CHECK(mkfifo(path, 0600) == 0, "mkfifo");
	expect_refused("is not a regular file");
	unlink(path);
	CHECK(mkdir(path, 0700) == 0, "mkdir");
	expect_refused("is not a regular file");
	rmdir(path);
	bytes_release(&b);
}

static void check_chunk_lengths(void)
{
	static const uint8_t payload[100];
	struct {
		unsigned flags;
		uint32_t bytes, raw;
		const char *text;
	} wrong[] = {
		{ 0, 100, (64u << 20) + 1, "a chunk's header is wrong" },
		{ 0, 100, 64u << 20, "a chunk's header is wrong" }, /* more than 1032:1 */
		{ CHUNK_FLAG_PLAIN | CHUNK_FLAG_TWICE, 100, 100, "a chunk's header is wrong" },
		{ CHUNK_FLAG_PARTS << 1, 100, 100, "a chunk's header is wrong" },
		{ CHUNK_FLAG_PARTS | CHUNK_FLAG_PLAIN, 100, 100, "a chunk's header is wrong" },
		{ CHUNK_FLAG_PARTS, 100, 64u << 20, "a chunk's header is wrong" },
		{ CHUNK_FLAG_PARTS, 100, 100, "a chunk does not decompress" },
		{ CHUNK_FLAG_TWICE, 100, (4u << 20) + 1, "a chunk's header is wrong" },
		{ CHUNK_FLAG_TWICE, 3, 100, "a chunk's header is wrong" },
		{ CHUNK_FLAG_TWICE, 100, 100, "a chunk does not decompress" },
		{ CHUNK_FLAG_PLAIN, 100, 99, "a chunk's header is wrong" },
		{ 0, 100, 200, "a chunk does not decompress" },
	};
	for (size_t i = 0; i < AT_COUNT_OF(wrong); i++) {
		struct bytes b = { 0 };
		trace_add_file_header(&b, TRACE_VERSION);
		trace_add_chunk(&b, CHUNK_TABLES, wrong[i].flags, 0, payload, wrong[i].bytes,
				wrong[i].raw);
		add_end(&b);
		expect_damage(&b, wrong[i].text);
		bytes_release(&b);
	}
}

static void check_ends(void)
{
	struct bytes b = { 0 };
	trace_add_file_header(&b, TRACE_VERSION);
	expect_damage(&b, "ends after 16 bytes without its end record");
	add_end(&b);
	expect_damage(&b, NULL);
	bytes_add(&b, "x", 1);
	expect_damage(&b, "1 bytes follow the end of the trace at byte 56");
	/* A chunk type of a later alloctrace is passed over. */
	b.len = 0;
	trace_add_file_header(&b, TRACE_VERSION);
	trace_add_chunk(&b, 77, 0, 1, "abc", 3, 3);
	add_end(&b);
	expect_damage(&b, NULL);
	/* The end record must be plain and of its length. */
	b.len = 0;
	trace_add_file_header(&b, TRACE_VERSION);
	trace_add_chunk(&b, CHUNK_END, CHUNK_FLAG_PLAIN, 0, "abc", 3, 3);
	expect_damage(&b, "the end record is wrong");
	bytes_release(&b);
}

static void add_record(struct bytes *out, unsigned kind, const void *body, size_t len)
{
	bytes_add_varint(out, kind);
	bytes_add_varint(out, len);
	bytes_add(out, body, len);
}

static void check_tables(void)
{
	static const struct {
		unsigned kind;
		const char *body;
		size_t len;
		const char *text;
	} records[] = {
		{ RECORD_FACT, "\1k\0\1v\0", 6, NULL },
		{ RECORD_FACT, "\1k\0\1v", 5, "a fact is malformed" },
		{ RECORD_FACT, "\1kx\1v\0", 6, "a fact is malformed" },
		{ RECORD_MODULE, "\0\0\1m\0\0\0", 7, NULL },
		{ RECORD_MODULE, "\1\0\1m\0\0\0", 7, "a module is malformed" },
		{ RECORD_PROCESS, "\0\1\0\0\0\0\0\0\0", 9, NULL },
		{ RECORD_PROCESS, "\1\1\0\0\0\0\0\0\0", 9, "a process is malformed" },
		{ RECORD_PROCESS, "\0\1\1\0\0\0\0\0\0", 9, "a process is malformed" },
		{ RECORD_ALLOCATOR, "\5\0\0\0", 4, NULL },
		{ RECORD_ALLOCATOR, "\xff\xff\x7f\0\0\0", 6, "an allocator is malformed" },
		{ RECORD_ALLOCATOR, "\5\0\0\0\7\0", 6, NULL },
		{ RECORD_ALLOCATOR, "\5\0\0\0\1", 5, "an allocator is malformed" },
		{ RECORD_ALLOCATOR, "\5\0\0\0\1\x7f", 6, "an allocator is malformed" },
		{ RECORD_THREAD, "\0\0\7\0\0", 5, NULL },
		{ RECORD_THREAD, "\1\0\7\0\0", 5, "a thread is malformed" },
		{ RECORD_THREAD, "\0\1\7\0\0", 5, "a thread is malformed" },
		{ RECORD_INSTANCE, "\0\0\0\0\0\0\0\0\0\0\0\0", 12, "an instance is malformed" },
		{ 99, "of a later alloctrace", 21, NULL },
	};
	for (size_t i = 0; i < AT_COUNT_OF(records); i++) {
		struct bytes p = { 0 };
		add_record(&p, records[i].kind, records[i].body, records[i].len);
		expect_chunk_damage(CHUNK_TABLES, 1, &p, records[i].text);
		if (!records[i].text) {
			expect_chunk_damage(CHUNK_TABLES, 2, &p, "a table record is cut off");
			expect_chunk_damage(CHUNK_TABLES, 0, &p, "bytes after the last");
		}
		bytes_release(&p);
	}
}

/* After module 0 and process 0. */
static void check_instances(void)
{
	static const struct {
		const char *body;
		size_t len;
		const char *text;
	} instances[] = {
		/* index, module, linkage, flags, family, version, prefix, functions, processes */
		{ "\0\0\1\0\1j\0\0\0\0\0\1\3\1m\0\20\1\0\5", 20, NULL },
		{ "\0\0\1\0\1j\0\0\0\0\0\0\0", 13, NULL },
		{ "\0\0\1\0\1j\0\0\0\0\0\0\0later", 18, NULL },
		/* with what became of the functions' hooks */
		{ "\0\0\1\0\1j\0\0\0\0\0\1\3\1m\0\20\1\0\5\2", 21, NULL },
		{ "\0\0\1\0\1j\0\0\0\0\0\1\3\1m\0\20\1\0\5\x80", 21, "an instance is malformed" },
		{ "\1\0\1\0\1j\0\0\0\0\0\0\0", 13, "an instance is malformed" }, /* a gap */
		{ "\0\1\1\0\1j\0\0\0\0\0\0\0", 13, "an instance is malformed" }, /* no module */
		{ "\0\0\1\0\1j\0\0\0\0\0\0", 12, "an instance is malformed" },	 /* cut off */
		{ "\0\0\1\0\1jj\0\0\0\0\0\0", 13, "an instance is malformed" },	 /* no NUL */
		{ "\0\0\1\0\1j\0\0\0\0\0\2\3\1m\0\20\1\0\5", 20,
		  "an instance is malformed" }, /* more functions than there are */
		{ "\0\0\1\0\1j\0\0\0\0\0\0\1\1\5", 15,
		  "an instance is malformed" }, /* no such process */
		{ "\0\0\1\0\1j\0\0\0\0\0\0\2\0\5\0\5", 17,
		  "an instance is malformed" }, /* one process too many */
		{ "\0\0\1\0\1j\0\0\0\0\0\xff\xff\xff\xff\xff\1\0", 18, "an instance is malformed" },
	};
	for (size_t i = 0; i < AT_COUNT_OF(instances); i++) {
		struct bytes p = { 0 };
		add_record(&p, RECORD_MODULE, "\0\0\1m\0\0\0", 7);
		add_record(&p, RECORD_PROCESS, "\0\1\0\0\0\0\0\0\0", 9);
		add_record(&p, RECORD_INSTANCE, instances[i].body, instances[i].len);
		expect_chunk_damage(CHUNK_TABLES, 3, &p, instances[i].text);
		bytes_release(&p);
	}
}

/* After thread 0. */
static void check_findings(void)
{
	static const struct {
		const char *body;
		size_t len;
		const char *text;
	} findings[] = {
		/* number, class, role, outcome, flags, made role; process, threads; allocator,
		 * stack, made stack, first site; address, argument, size, age, time, count */
		{ "\0\1\1\1\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5\6", 20, NULL },
		/* kinds of why, why, fix */
		{ "\0\1\1\1\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5\6\1\x7f\1w\0\1x\0", 28, NULL },
		/* and the functions called */
		{ "\0\1\1\1\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5\6\1\2\1w\0\1x\0\1y\0\0\0", 33, NULL },
		{ "\0\1\1\1\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5\6\1\2\1w\0\1x\0\1y\0\0\0later", 38, NULL },
		{ "\0\1\1\1\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5\6\1\2\1w\0\1x\0\1y\0", 31, "malformed" },
		{ "\0\1\1\1\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5\6\1\2\1w\0", 25, "malformed" },
		{ "\0\1\1\1\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5\6\1\2\1ww\1x\0", 28, "malformed" },
		{ "\0\x7f\1\x7f\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5\6", 20, NULL },	 /* unknown class */
		{ "\1\1\1\1\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5\6", 20, "malformed" }, /* a gap */
		{ "\0\1\1\1\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5", 19, "malformed" },	 /* cut off */
		{ "\0\1\x7f\1\1\1\0\1\1\1\7\2\1\2\1\2\3\4\5\6", 20, "malformed" }, /* role */
		{ "\0\1\1\1\1\x7f\0\1\1\1\7\2\1\2\1\2\3\4\5\6", 20, "malformed" },
		{ "\0\1\1\1\1\1\1\1\1\1\7\2\1\2\1\2\3\4\5\6", 20, "malformed" }, /* process */
		{ "\0\1\1\1\1\1\0\2\1\1\7\2\1\2\1\2\3\4\5\6", 20, "malformed" }, /* threads */
		{ "\0\1\1\1\1\1\0\1\2\1\7\2\1\2\1\2\3\4\5\6", 20, "malformed" },
		{ "\0\1\1\1\1\1\0\1\1\2\7\2\1\2\1\2\3\4\5\6", 20, "malformed" },
		{ "\0\1\1\1\1\1\0\1\1\1\7\3\1\2\1\2\3\4\5\6", 20, "malformed" }, /* nodes */
		{ "\0\1\1\1\1\1\0\1\1\1\7\2\3\2\1\2\3\4\5\6", 20, "malformed" },
		{ "\0\1\1\1\1\1\0\1\1\1\7\2\1\3\1\2\3\4\5\6", 20, "malformed" },
	};
	for (size_t i = 0; i < AT_COUNT_OF(findings); i++) {
		struct bytes p = { 0 };
		add_record(&p, RECORD_THREAD, "\0\0\7\0\0", 5);
		add_record(&p, RECORD_FINDING, findings[i].body, findings[i].len);
		expect_chunk_damage(CHUNK_TABLES, 2, &p, findings[i].text);
		bytes_release(&p);
	}
}

/* After thread 0. */
static void check_crashes(void)
{
#define HEAD "\0\0\1\7\7\013\1\0\1\2\1\1\0\0"
#define REGISTERS "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
	static const struct {
		const char *body;
		size_t len;
		const char *text;
	} crashes[] = {
		/* number, process, thread, pid, tid, signal, code, sender, flags, stack, address, time, failed;
		 * registers; message; pointers: place, flags, role, allocator, threads, nodes, ... */
		{ HEAD REGISTERS "\0\0\0", 34, NULL },
		{ HEAD REGISTERS "\2ab\0\1\5\0\1\1\1\0\2\0\1\1\1\1", 48, NULL },
		{ HEAD REGISTERS "\0\0\0later", 39, NULL },
		{ "\1\0\1\7\7\013\1\0\1\2\1\1\0\0" REGISTERS "\0\0\0", 34, "malformed" }, /* a gap */
		{ "\0\1\1\7\7\013\1\0\1\2\1\1\0\0" REGISTERS "\0\0\0", 34, "malformed" }, /* process */
		{ "\0\0\2\7\7\013\1\0\1\2\1\1\0\0" REGISTERS "\0\0\0", 34, "malformed" }, /* thread */
		{ "\0\0\1\7\7\013\1\0\1\3\1\1\0\0" REGISTERS "\0\0\0", 34, "malformed" }, /* stack */
		{ HEAD REGISTERS "\0\0", 33, "malformed" }, /* cut off */
		{ HEAD REGISTERS "\0\0\1", 34, "malformed" },
		{ HEAD REGISTERS "\0\0\x7f\5\0\1\1\1\0\2\0\1\1\1\1", 46, "malformed" }, /* too many */
		{ HEAD REGISTERS "\0\0\1\5\0\x7f\1\1\0\2\0\1\1\1\1", 46, "malformed" }, /* role */
		{ HEAD REGISTERS "\0\0\1\5\0\1\1\2\0\2\0\1\1\1\1", 46, "malformed" }, /* thread */
		{ HEAD REGISTERS "\0\0\1\5\0\1\1\1\0\3\0\1\1\1\1", 46, "malformed" }, /* node */
	};
#undef HEAD
#undef REGISTERS
	for (size_t i = 0; i < AT_COUNT_OF(crashes); i++) {
		struct bytes p = { 0 };
		add_record(&p, RECORD_THREAD, "\0\0\7\0\0", 5);
		add_record(&p, RECORD_CRASH, crashes[i].body, crashes[i].len);
		expect_chunk_damage(CHUNK_TABLES, 2, &p, crashes[i].text);
		bytes_release(&p);
	}
}

/* After thread 0. */
static void check_leak_scans(void)
{
#define HEAD "\0\0\1\0\0\7\7\7" "\1\1\1\1\1\1\1\1" "\2\2\2\2\2\2" "\3\3\3" "\0\0\0\0" "\0\0\0"
#define NUMBERS "\1\1\1\1\1\1\1\1\1\1\1"
#define GROUP "\0\1\0\0\2\1\0\0" NUMBERS "\1\0" "\0\0"
	static const struct {
		const char *body;
		size_t len;
		const char *text;
	} scans[] = {
		/* number, process, thread, reason, method, times; kinds; inherited, ignored, older; roots, unreadable,
		 * changing; label, problem; cut; groups: kind, role, holder, flags, stack, thread, allocator, parent,
		 * numbers, thread, module of the holder; content */
		{ HEAD "\0", 33, NULL },
		{ HEAD "\1" GROUP, 56, NULL },
		{ HEAD "\1" GROUP "later", 61, NULL },
		{ HEAD "\2" GROUP "\1\1\7\0\2\1\0\1" NUMBERS "\1\0\0\0", 79, NULL },
		{ HEAD "\1\0\1\0\0\2\1\0\0" NUMBERS "\1\0" "\3a\0b\0", 59, NULL }, /* content */
		{ HEAD "", 32, "malformed" }, /* cut off */
		{ HEAD "\1", 33, "malformed" },
		{ HEAD "\1" GROUP, 55, "malformed" },
		{ HEAD "\2" GROUP, 56, "malformed" }, /* too many */
		{ "\1" HEAD "\0", 34, "malformed" }, /* a gap */
		{ HEAD "\1\0\x7f\0\0\2\1\0\0" NUMBERS "\1\0\0\0", 56, "malformed" }, /* role */
		{ HEAD "\1\0\1\0\0\3\1\0\0" NUMBERS "\1\0\0\0", 56, "malformed" }, /* stack */
		{ HEAD "\1\0\1\0\0\2\2\0\0" NUMBERS "\1\0\0\0", 56, "malformed" }, /* thread */
		{ HEAD "\1\0\1\0\0\2\1\0\1" NUMBERS "\1\0\0\0", 56, "malformed" }, /* its own parent */
		{ HEAD "\1\0\1\0\0\2\1\0\0" NUMBERS "\2\0\0\0", 56, "malformed" }, /* holder's thread */
		{ HEAD "\1\0\1\0\0\2\1\0\0" NUMBERS "\1\1\0\0", 56, "malformed" }, /* and module */
		{ HEAD "\1\0\1\0\0\2\1\0\0" NUMBERS "\1\0\1\0", 56, "malformed" }, /* content */
	};
#undef HEAD
#undef NUMBERS
#undef GROUP
	for (size_t i = 0; i < AT_COUNT_OF(scans); i++) {
		struct bytes p = { 0 };
		add_record(&p, RECORD_THREAD, "\0\0\7\0\0", 5);
		add_record(&p, RECORD_LEAK_SCAN, scans[i].body, scans[i].len);
		expect_chunk_damage(CHUNK_TABLES, 2, &p, scans[i].text);
		bytes_release(&p);
	}
}

/* More content of a block than there may be. */
static void check_long_peek(void)
{
	struct bytes p = { 0 }, body = { 0 };
	for (unsigned i = 0; i < 32; i++)
		bytes_add_varint(&body, 0);
	bytes_add_varint(&body, 1);
	for (unsigned i = 0; i < 21; i++)
		bytes_add_varint(&body, 0);
	char content[TRACE_MAX_PEEK_BYTES + 1] = { 0 };
	bytes_add_string(&body, content, sizeof(content));
	add_record(&p, RECORD_LEAK_SCAN, (const char *)body.data, body.len);
	expect_chunk_damage(CHUNK_TABLES, 1, &p, "malformed");
	bytes_release(&p);
	bytes_release(&body);
}

static void check_nodes(void)
{
	static const struct {
		const char *body;
		size_t len;
		uint32_t count;
		const char *text;
	} chunks[] = {
		/* first, lengths of three columns, parent distance, module + 1, offset */
		{ "\3\1\1\1\3\0\7", 7, 1, NULL },
		{ "\3\1\1\1\0\0\7", 7, 1, "a node is malformed" }, /* its own parent */
		{ "\3\1\1\1\4\0\7", 7, 1, "a node is malformed" }, /* before the first */
		{ "\3\1\1\1\3\1\7", 7, 1, "a node is malformed" }, /* no such module */
		{ "\4\1\1\1\3\0\7", 7, 1, "nodes is malformed" },  /* a gap */
		{ "\2\1\1\1\2\0\7", 7, 1, "nodes is malformed" },  /* a fixed one */
		{ "\3\1\1\1\3\0\7", 7, 2, "nodes is malformed" },  /* more than there are */
		{ "\3\2\1\1\3\1\0\7", 8, 2, "a node is malformed" },
		{ "\3\1\1\1\3\0", 6, 1, "nodes is malformed" },
	};
	for (size_t i = 0; i < AT_COUNT_OF(chunks); i++) {
		struct bytes p = { 0 };
		bytes_add(&p, chunks[i].body, chunks[i].len);
		expect_chunk_damage(CHUNK_NODES, chunks[i].count, &p, chunks[i].text);
		bytes_release(&p);
	}
}

/* One op and what it has in up to three columns. */
struct one_event {
	uint8_t op;
	struct {
		uint8_t column;
		const char *bytes;
		uint8_t len;
	} part[3];
	const char *text;
};

static void check_event(const struct one_event *e)
{
	struct bytes p = { 0 };
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		size_t len = c == COLUMN_OPS;
		for (unsigned i = 0; i < 3; i++)
			if (e->part[i].len && e->part[i].column == c)
				len = e->part[i].len;
		bytes_add_varint(&p, len);
	}
	bytes_add(&p, &e->op, 1);
	for (unsigned c = 1; c < COLUMN_COUNT; c++)
		for (unsigned i = 0; i < 3; i++)
			if (e->part[i].column == c)
				bytes_add(&p, e->part[i].bytes, e->part[i].len);
	expect_chunk_damage(CHUNK_EVENTS, 1, &p, e->text);
	expect_chunk_damage(CHUNK_EVENTS, 2, &p, "another number of events than it says");
	bytes_release(&p);
}

static const char bad_event[] = "an event is malformed or names what is not there";
static const char trailing[] = "bytes after its last event";

/* The bytes of one event, and what the reader is to say of them; NULL: nothing. */
static const struct one_event events[] = {
	{ 0x00, { { 0 } }, NULL },
	{ 0x03, { { COLUMN_STACK_NEW, "\4", 1 } }, NULL }, /* NODE_UNKNOWN */
	{ 0x03, { { COLUMN_STACK_NEW, "\6", 1 } }, bad_event },
	{ 0x03, { { COLUMN_STACK_NEW, "\1", 1 } }, bad_event },
	{ 0x03, { { 0 } }, bad_event },
	{ 0x02, { { COLUMN_STACK, "\0", 1 } }, NULL },
	{ 0x02, { { COLUMN_STACK, "\1", 1 } }, bad_event },
	{ 0x04, { { 0 } }, NULL },
	{ 0x08, { { COLUMN_SIZE_LOW, "\1", 1 }, { COLUMN_SIZE_HIGH, "\1", 1 } }, NULL },
	{ 0x08, { { COLUMN_SIZE_LOW, "\1", 1 } }, bad_event },
	{ 0x0c, { { 0 } }, bad_event },
	{ 0x10, { { COLUMN_ALLOC_ATTR, "\0\0\0", 3 } }, NULL },
	{ 0x10, { { COLUMN_ALLOC_ATTR, "\xff\0\0", 3 } }, bad_event },
	{ 0x10, { { COLUMN_ALLOC_ATTR, "\0\x40\0", 3 } }, bad_event },
	{ 0x10, { { COLUMN_ALLOC_ATTR, "\0\0\x80\x80\4", 5 } }, bad_event },
	{ 0x00, { { COLUMN_ALLOC_ATTR, "\0", 1 } }, trailing },
	/* Switches before the only event. */
	{ 0x00,
	  { { COLUMN_GAP, "\0", 1 }, { COLUMN_SWITCH, "\1", 1 }, { COLUMN_TIME, "\5", 1 } },
	  NULL },
	{ 0x00,
	  { { COLUMN_GAP, "\0\0", 2 }, { COLUMN_SWITCH, "\1\2", 2 }, { COLUMN_TIME, "\5", 1 } },
	  NULL },
	{ 0x00,
	  { { COLUMN_GAP, "\0", 1 },
	    { COLUMN_SWITCH, "\1", 1 },
	    { COLUMN_TIME, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 10 } },
	  bad_event },
	{ 0x00, { { COLUMN_GAP, "\0", 1 }, { COLUMN_SWITCH, "\1", 1 } }, bad_event },
	{ 0x00, { { COLUMN_GAP, "\0", 1 } }, bad_event },
	{ 0x00,
	  { { COLUMN_GAP, "\1", 1 }, { COLUMN_SWITCH, "\0", 1 } },
	  "an event chunk is malformed" },
	{ 0x00, { { COLUMN_GAP, "\0", 1 }, { COLUMN_SWITCH, "\6", 1 } }, bad_event },
	{ 0x00, { { COLUMN_GAP, "\0", 1 }, { COLUMN_SWITCH, "\x10", 1 } }, bad_event },
	{ 0x00,
	  { { COLUMN_GAP, "\0", 1 }, { COLUMN_SWITCH, "\4", 1 }, { COLUMN_SLOT, "\xff\xff\3", 3 } },
	  NULL },
	{ 0x00,
	  { { COLUMN_GAP, "\0", 1 }, { COLUMN_SWITCH, "\4", 1 }, { COLUMN_SLOT, "\x80\x80\4", 3 } },
	  bad_event },
	{ 0x80, { { 0 } }, NULL },
	{ 0x86, { { 0 } }, bad_event },
	{ 0x85, { { COLUMN_NAME_LOW, "\1", 1 }, { COLUMN_NAME_HIGH, "\0", 1 } }, NULL },
	{ 0x84, { { 0 } }, bad_event },
	{ 0xc0, { { COLUMN_BLOCK_SLOT, "\x80\x80\4", 3 } }, bad_event },
	{ 0xa0, { { COLUMN_FREE_ATTR, "\xff\0", 2 } }, bad_event },
	{ 0x20 + TRACE_PROCESS_START, { { COLUMN_OTHER, "\0", 1 } }, bad_event },
	{ 0x20 + TRACE_MODULE, { { COLUMN_OTHER, "\0\0\0", 3 } }, bad_event },
	{ 0x20 + TRACE_THREAD_END, { { COLUMN_OTHER, "\0", 1 } }, bad_event },
	{ 0x20 + TRACE_MARK, { { COLUMN_OTHER, "\0\1a\0", 4 } }, NULL },
	{ 0x20 + TRACE_MARK, { { COLUMN_OTHER, "\0\1ab", 4 } }, bad_event },
	{ 0x20 + TRACE_MARK, { { COLUMN_OTHER, "\5\1a\0", 4 } }, bad_event },
	{ 0x20 + TRACE_FINDING, { { COLUMN_OTHER, "\0", 1 } }, bad_event },
	{ 0x20 + TRACE_LEAK_SCAN, { { COLUMN_OTHER, "\0\0", 2 } }, bad_event },
	{ 0x20 + TRACE_ALLOC, { { 0 } }, bad_event },
	{ 0x7f, { { 0 } }, bad_event },
};

static void check_events(void)
{
	for (size_t i = 0; i < AT_COUNT_OF(events); i++)
		check_event(&events[i]);
	struct bytes p = { 0 };
	bytes_add(&p, "\1\1", 2);
	expect_chunk_damage(CHUNK_EVENTS, 0, &p, "an event chunk is malformed");
	bytes_release(&p);
}

/* An index that lies about places must not hide a table or loop. */
static void check_index(void)
{
	static const char *const indexes[] = { "\1\x10", "\1\7", "\2\x10", "\1\0", "\1\x7f" };
	for (size_t i = 0; i < AT_COUNT_OF(indexes); i++) {
		struct bytes b = { 0 }, table = { 0 };
		uint8_t end[FORMAT_END_BYTES] = { 0 };
		add_record(&table, RECORD_FACT, "\1k\0\1v\0", 6);
		trace_add_file_header(&b, TRACE_VERSION);
		add_plain(&b, CHUNK_TABLES, 1, &table);
		format_put_u64(end, b.len);
		trace_add_chunk(&b, CHUNK_INDEX, CHUNK_FLAG_PLAIN, 1, indexes[i], 2, 2);
		trace_add_chunk(&b, CHUNK_END, CHUNK_FLAG_PLAIN, 0, end, 16, 16);
		expect_damage(&b, NULL);
		struct err err = { "" };
		struct trace_reader *r = trace_reader_open(path, &err);
		CHECK(r && trace_reader_load_tables(r, &err) == 0, "%s", err.text);
		CHECK(trace_reader_fact(r, "k"), "the fact was found, index %zu", i);
		trace_reader_close(r);
		bytes_release(&b);
		bytes_release(&table);
	}
}

int main(void)
{
	path = stream_temp_path("mustfail");
	check_refused();
	check_chunk_lengths();
	check_ends();
	check_tables();
	check_instances();
	check_findings();
	check_crashes();
	check_leak_scans();
	check_long_peek();
	check_nodes();
	check_events();
	check_index();
	unlink(path);
	free(path);
	return 0;
}

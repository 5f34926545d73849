/* damage.c - a trace cut at any byte, or with any byte changed, is read up to there, and said so.
 */
#include <string.h>
#include <unistd.h>

#include "tests/trace/check.h"
#include "tests/trace/stream.h"
#include "tests/trace/surgery.h"
#include "trace/trace.h"

static struct stream stream;

/* Opens a trace that may be damaged and compares what can be read. Returns the number of events;
 * *refused or the damage text say that something is wrong. */
static size_t read_damaged(const char *path, bool *refused, char damage[256])
{
	struct err err = { "" };
	struct trace_verify_report report;
	damage[0] = '\0';
	int result = trace_verify(path, &report, &err);
	*refused = result < 0;
	if (*refused) {
		CHECK(strstr(err.text, path), "the file is named: %s", err.text);
		return 0;
	}
	memcpy(damage, report.damage, sizeof(report.damage));
	CHECK(report.good_bytes <= report.bytes, "good bytes");
	CHECK(!report.damage[0] || strpbrk(damage, "0123456789"), "it says where: %s", damage);
	struct trace_reader *r = trace_reader_open(path, &err);
	CHECK(r && trace_reader_load_tables(r, &err) == 0, "%s", err.text);
	trace_reader_close(r);
	size_t count = stream_compare(&stream, path, false);
	CHECK(count == report.events, "verify and read agree");
	return count;
}

static void check_cuts(const struct bytes *whole, const char *path)
{
	size_t last = 0;
	for (size_t len = 0; len < whole->len; len++) {
		struct bytes cut = { whole->data, len, 0 };
		bool refused;
		char damage[256];
		file_save(&cut, path);
		size_t count = read_damaged(path, &refused, damage);
		CHECK(refused == (len < FORMAT_HEADER_BYTES), "cut at %zu", len);
		CHECK(refused || damage[0], "a cut at %zu is seen", len);
		CHECK(count >= last, "a longer part has not fewer events");
		last = count;
	}
	CHECK(last == stream.count, "only the index was cut off last");
}

static void check_flips(const struct bytes *whole, const char *path)
{
	struct bytes copy = { 0 };
	for (size_t at = 0; at < whole->len; at++) {
		bool refused;
		char damage[256];
		copy.len = 0;
		bytes_add(&copy, whole->data, whole->len);
		copy.data[at] ^= (uint8_t)(1u << at % 8);
		file_save(&copy, path);
		read_damaged(path, &refused, damage);
		CHECK(refused || damage[0], "a flipped bit at %zu is seen", at);
		CHECK(refused == (at < FORMAT_HEADER_BYTES), "a flipped bit at %zu", at);
	}
	bytes_release(&copy);
}

/* With the checksums made right again anything may come out, but no crash and no hang. */
static void check_mutations(const struct bytes *whole, const char *path)
{
	enum { ROUNDS = 2000 };
	struct rng rng = { 5 };
	struct bytes plain = { 0 }, copy = { 0 };
	size_t seen = 0;
	trace_make_plain(&plain, whole);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct err err = { "" };
		struct trace_verify_report report;
		copy.len = 0;
		bytes_add(&copy, plain.data, plain.len);
		for (uint64_t n = 1 + rng_below(&rng, 4); n > 0; n--)
			copy.data[FORMAT_HEADER_BYTES +
				  rng_below(&rng, plain.len - FORMAT_HEADER_BYTES)] =
				(uint8_t)rng_next(&rng);
		trace_fix_checksums(copy.data, copy.len);
		file_save(&copy, path);
		CHECK(trace_verify(path, &report, &err) == 0, "%s", err.text);
		seen += report.damage[0] != '\0';
		struct trace_reader *r = trace_reader_open(path, &err);
		CHECK(r && trace_reader_load_tables(r, &err) == 0, "%s", err.text);
		trace_reader_close(r);
	}
	CHECK(seen > ROUNDS / 20, "only %zu mutations were noticed", seen);
	bytes_release(&plain);
	bytes_release(&copy);
}

int main(void)
{
	static const struct stream_shape shape = { .seed = 11,
						   .events = 250,
						   .slots = 3,
						   .stacks = 20,
						   .random_percent = 30,
						   .rare_percent = 5,
						   .flush_every = 60 };
	char *path = stream_temp_path("damage");
	struct bytes whole = { 0 };
	stream_write(&stream, &shape, path);
	file_load(&whole, path);
	check_cuts(&whole, path);
	check_flips(&whole, path);
	check_mutations(&whole, path);
	bytes_release(&whole);
	stream_release(&stream);
	unlink(path);
	free(path);
	return 0;
}

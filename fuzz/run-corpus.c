/* run-corpus.c - runs a fuzz target over files without a fuzzer: `make check` does it with the
 * corpus, and with FUZZ_CHANGED inputs made of each file by changing it: the same ones every time.
 *
 * usage: TARGET-replay [FILE|FOLDER...]; without any, the corpus of the target. Then only files as
 * they are. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/trace/check.h"
#include "tests/trace/surgery.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;
static size_t changed_each;

/* A copy of its exact length lets ASan see a read beyond it. */
static uint8_t *copy_of(const struct bytes *b)
{
	uint8_t *data = mem_alloc(b->len);
	if (b->len)
		memcpy(data, b->data, b->len);
	return data;
}

/* A number as files have them, of 1, 2, 4 or 8 bytes, becomes another one: at the edges of what is
 * sensible, a little off, or any. */
static void change_number(uint8_t *data, size_t size, struct rng *r)
{
	static const uint64_t edges[] = { 0, 1, UINT64_MAX, INT32_MAX, INT64_MAX, 0x8000, 0xff00 };
	size_t bytes = (size_t)1 << rng_below(r, 4);
	if (bytes > size)
		return;
	size_t at = rng_below(r, size - bytes + 1) / bytes * bytes;
	uint64_t number = 0;
	memcpy(&number, data + at, bytes);
	switch (rng_below(r, 4)) {
	case 0:
		number = edges[rng_below(r, sizeof(edges) / sizeof(edges[0]))];
		break;
	case 1:
		number += rng_below(r, 33) - 16;
		break;
	case 2:
		number = rng_below(r, size + 64);
		break;
	default:
		number = rng_next(r);
	}
	memcpy(data + at, &number, bytes);
}

/* Another part of the file in the place of one. */
static void move_part(uint8_t *data, size_t size, struct rng *r)
{
	size_t bytes = 1 + rng_below(r, size < 64 ? size : 64);
	memmove(data + rng_below(r, size - bytes + 1), data + rng_below(r, size - bytes + 1),
		bytes);
}

static void run_changed(const struct bytes *b, uint64_t seed)
{
	struct rng r = { seed };
	uint8_t *data = copy_of(b);
	size_t size = b->len;
	for (uint64_t left = 1 + rng_below(&r, 6); left > 0; left--)
		if (rng_below(&r, 8) == 0)
			move_part(data, size, &r);
		else
			change_number(data, size, &r);
	if (rng_below(&r, 8) == 0)
		size = rng_below(&r, size);
	uint8_t *cut = mem_alloc(size);
	memcpy(cut, data, size);
	LLVMFuzzerTestOneInput(cut, size);
	free(cut);
	free(data);
}

static void replay_file(const char *path)
{
	struct bytes b = { 0 };
	file_load(&b, path);
	uint8_t *data = copy_of(&b);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, b.len);
	free(data);
	replayed++;
	for (size_t i = 0; b.len && i < changed_each; i++, replayed++)
		run_changed(&b, replayed);
	bytes_release(&b);
}

static void replay(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char *file = mem_printf("%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			replay_file(file);
		free(file);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc == 1) {
		changed_each = FUZZ_CHANGED;
		const char *source = getenv("top_srcdir");
		char *corpus = mem_printf("%s/%s", source ? source : ".", FUZZ_CORPUS);
		replay(corpus);
		free(corpus);
	}
	printf("%zu inputs\n", replayed);
	return replayed ? 0 : 1;
}

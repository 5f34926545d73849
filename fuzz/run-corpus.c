/* run-corpus.c - runs a fuzz target over files without a fuzzer: `make check` does it with the
 * corpus.
 *
 * usage: TARGET-replay [FILE|FOLDER...]; without any, the corpus of the target. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/trace/surgery.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static void replay_file(const char *path)
{
	struct bytes b = { 0 };
	file_load(&b, path);
	/* A copy of its exact length lets ASan see a read beyond it. */
	uint8_t *data = mem_alloc(b.len);
	if (b.len)
		memcpy(data, b.data, b.len);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, b.len);
	free(data);
	bytes_release(&b);
	replayed++;
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
		const char *source = getenv("top_srcdir");
		char *corpus = mem_printf("%s/%s", source ? source : ".", FUZZ_CORPUS);
		replay(corpus);
		free(corpus);
	}
	printf("%zu inputs\n", replayed);
	return replayed ? 0 : 1;
}

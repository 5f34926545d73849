/* trace-seeds.c - writes the small traces that fuzzing begins with: trace-seeds FOLDER.
 *
 * Every shape once as it is written and once with plain payloads, which a fuzzer can change. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/trace/check.h"
#include "tests/trace/stream.h"
#include "tests/trace/surgery.h"
#include "util/mem.h"

static void write_seed(const char *folder, const char *name, const struct stream_shape *shape)
{
	struct stream s;
	struct bytes b = { 0 }, plain = { 0 };
	char *path = mem_printf("%s/%s", folder, name);
	char *plain_path = mem_printf("%s/%s-plain", folder, name);
	stream_write(&s, shape, path);
	stream_release(&s);
	file_load(&b, path);
	trace_make_plain(&plain, &b);
	file_save(&plain, plain_path);
	bytes_release(&b);
	bytes_release(&plain);
	free(path);
	free(plain_path);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		struct stream_shape shape;
	} seeds[] = {
		{ "short", { .seed = 1, .events = 3, .slots = 1, .stacks = 1 } },
		{ "usual",
		  { .seed = 2,
		    .events = 150,
		    .slots = 3,
		    .stacks = 9,
		    .random_percent = 20,
		    .rare_percent = 2 } },
		{ "chunks",
		  { .seed = 3,
		    .events = 100,
		    .slots = 2,
		    .stacks = 5,
		    .random_percent = 40,
		    .flush_every = 25 } },
		{ "rare",
		  { .seed = 4, .events = 40, .slots = 2, .stacks = 3, .rare_percent = 70 } },
		{ "findings",
		  { .seed = 6, .events = 60, .slots = 2, .stacks = 5, .rare_percent = 90 } },
		{ "leaks",
		  { .seed = 7, .events = 30, .slots = 2, .stacks = 5, .rare_percent = 95 } },
		{ "extreme",
		  { .seed = 5,
		    .events = 60,
		    .slots = 4,
		    .stacks = 8,
		    .random_percent = 50,
		    .extreme = true } },
	};
	CHECK(argc == 2, "usage: trace-seeds FOLDER");
	for (size_t i = 0; i < AT_COUNT_OF(seeds); i++)
		write_seed(argv[1], seeds[i].name, &seeds[i].shape);
	return 0;
}

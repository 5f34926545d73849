/* link.c - fuzz target: what the dynamic linker would make of an ELF file, and what is wrong with
 * it. The libraries that it names are the system's. */
#include <string.h>
#include <unistd.h>

#include "fuzz/file.h"
#include "link/diagnosis.h"
#include "link/link_files.h"
#include "link/static_tls.h"
#include "tests/trace/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_BYTES];
	struct err err = { "" };
	struct linked linked;
	const struct link_environment environment = { .preload = NULL };
	int fd = fuzz_file(data, size, path);
	struct allocator_finder *finder = allocator_finder_new();
	if (linked_from_files(&linked, path, &environment, finder, &err) == 0) {
		const struct static_tls_tunables tunables = static_tls_tunables_read(NULL);
		diagnose(&linked, &tunables);
		linked_release(&linked);
	} else {
		CHECK(err.text[0], "a refusal has a reason");
	}
	allocator_finder_free(finder);
	close(fd);
	return 0;
}

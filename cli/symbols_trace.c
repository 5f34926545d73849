/* symbols_trace.c - see symbols_trace.h. */
#include "cli/symbols_trace.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "link/link_trace.h"
#include "trace/format.h"

static bool is_trace(const char *path)
{
	char magic[FORMAT_MAGIC_BYTES];
	int fd = elf_open_regular(path, NULL);
	bool is = fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
		  memcmp(magic, FORMAT_MAGIC, sizeof(magic)) == 0;
	if (fd >= 0)
		close(fd);
	return is;
}

static void look(struct symbols_targets *t, const char *path)
{
	struct linked_trace trace;
	struct err err;
	if (linked_from_trace(&trace, path, t->finder, &err) < 0) {
		say("%s", err.text);
		t->failed = true;
		return;
	}
	for (size_t i = 0; i < trace.count; i++)
		*symbols_targets_add(t) = trace.programs[i]; /* with all that it owns */
	free(trace.programs);
}

void symbols_trace_look(struct symbols_targets *t, char **paths, int *count)
{
	int kept = 0;
	for (int i = 0; i < *count; i++)
		if (is_trace(paths[i]))
			look(t, paths[i]);
		else
			paths[kept++] = paths[i];
	*count = kept;
}

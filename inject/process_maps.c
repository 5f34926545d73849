/* process_maps.c - see process_maps.h. */
#include "inject/process_maps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"

enum {
	DEVICE_BITS = 32,
	MAPS_MAX = 1 << 20, /* the kernel's usual limit is 65530 */
};

static void add_line(struct process_maps *maps, char *line)
{
	struct process_map map = { 0 };
	uint64_t major, minor;
	char rights[8];
	int path_at = 0;
	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line,
		   "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %" SCNx64 ":%" SCNx64 " %" SCNu64 " %n",
		   &map.start, &map.end, rights, &map.offset, &major, &minor, &map.inode,
		   &path_at) < 7 ||
	    maps->count >= MAPS_MAX)
		return;
	map.device = major << DEVICE_BITS | minor;
	map.can_execute = strchr(rights, 'x') != NULL;
	map.path = mem_strdup(path_at ? line + path_at : "");
	maps->items = mem_grow(maps->items, &maps->cap, maps->count + 1, sizeof(*maps->items));
	maps->items[maps->count++] = map;
}

int process_maps_read(struct process_maps *maps, const struct process_memory *m, struct err *err)
{
	char *line = NULL;
	size_t room = 0;
	*maps = (struct process_maps)PROCESS_MAPS_INIT;
	int fd = process_memory_file(m, "maps");
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		if (fd >= 0)
			close(fd);
		return err_set_errno(err, "cannot read /proc/%d/maps", (int)m->pid);
	}
	while (getline(&line, &room, file) > 0)
		add_line(maps, line);
	free(line);
	fclose(file);
	return 0;
}

void process_maps_release(struct process_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		free(maps->items[i].path);
	free(maps->items);
	*maps = (struct process_maps)PROCESS_MAPS_INIT;
}

const struct process_map *process_maps_at(const struct process_maps *maps, uint64_t address)
{
	size_t low = 0, high = maps->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (maps->items[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < maps->count && maps->items[low].start <= address ? &maps->items[low] : NULL;
}

const struct process_map *process_maps_file_start(const struct process_maps *maps, uint64_t address)
{
	const struct process_map *map = process_maps_at(maps, address);
	if (!map || !map->inode)
		return NULL;
	for (const struct process_map *each = map; each >= maps->items; each--)
		if (each->inode == map->inode && each->device == map->device && each->offset == 0)
			return each;
	return NULL;
}

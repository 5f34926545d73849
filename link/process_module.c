/* process_module.c - see process_module.h. */
#include "link/process_module.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static bool is_same(const struct elf_file *file, const struct process_image *image,
		    const struct process_map *map)
{
	struct elf_build_id id;
	elf_build_id_read(file->elf, &id);
	if (image->build_id.count || id.count)
		return elf_build_id_equal(&id, image->build_id.bytes, image->build_id.count);
	/* The device is not compared: of files in overlays and the like the map tells another one.
	 */
	return map && map->inode == file->inode;
}

static bool is_complete(const struct elf_file *file)
{
	return elf_section_named(file->elf, ".dynsym") || elf_section_named(file->elf, ".text");
}

static bool try_path(struct elf_file *file, char *path, const struct process_image *image,
		     const struct process_map *map, bool is_certain)
{
	int code = elf_file_open(file, path, NULL);
	free(path);
	if (code < 0)
		return false;
	if ((is_certain || is_same(file, image, map)) && is_complete(file))
		return true;
	elf_file_close(file);
	return false;
}

static bool ends_with(const char *text, const char *end)
{
	size_t bytes = strlen(text), end_bytes = strlen(end);
	return bytes >= end_bytes && strcmp(text + bytes - end_bytes, end) == 0;
}

static bool is_gone(const struct process_map *map)
{
	return map && ends_with(map->path, " (deleted)");
}

int process_module_open(struct elf_file *file, const struct process_memory *m,
			const struct process_image *image, const struct process_map *map,
			bool is_program, struct linked_module *module)
{
	struct err err;
	int dir = m->dir_fd;
	if (is_gone(map))
		module->note = mem_strdup("deleted or replaced since: what the process has is "
					  "looked at");
	if (is_program && try_path(file, mem_printf("/proc/self/fd/%d/exe", dir), image, map, true))
		return 0;
	if (map && try_path(file,
			    mem_printf("/proc/self/fd/%d/map_files/%" PRIx64 "-%" PRIx64, dir,
				       map->start, map->end),
			    image, map, true))
		return 0;
	if (module->path[0] == '/' && !is_gone(map) &&
	    try_path(file, mem_printf("/proc/self/fd/%d/root%s", dir, module->path), image, map,
		     false))
		return 0;
	if (!module->note && image->segment_count)
		module->note = mem_strdup("the file is another one by now, or cannot be read: what "
					  "is in the process's memory is looked at");
	if (image->segment_count && process_image_to_file(image, m, module->path, file, &err) == 0)
		return 0;
	if (!image->segment_count)
		err_set(&err, "not found in the memory of process %d", (int)m->pid);
	module->problem = mem_strdup(err.text);
	return -1;
}

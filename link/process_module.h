/* process_module.h - the file of a module of a living process: the very one, not what lies at its
 * path by now. */
#ifndef ALLOCTRACE_LINK_PROCESS_MODULE_H
#define ALLOCTRACE_LINK_PROCESS_MODULE_H

#include "inject/process_maps.h"
#include "link/linked.h"
#include "link/process_image.h"

/* Opens it: through the mapping itself where that is allowed, else by its path as the process sees
 * it if that is the same file, else made again from memory. Sets module->note where that is not the
 * usual way, or module->problem and returns -1. map: of its beginning; NULL: none. */
int process_module_open(struct elf_file *file, const struct process_memory *m,
			const struct process_image *image, const struct process_map *map,
			bool is_program, struct linked_module *module);

#endif

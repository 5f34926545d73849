/* program_allocator.c - see program_allocator.h. The families are those of the reports; where the
 * symbols of a program's own malloc do not tell, its messages may. */
#include "elf/program_allocator.h"

#include <elf.h>

#include "elf/allocators.h"
#include "elf/function_set.h"

/* The first that is of a known family and has a heap of its own, or NULL. */
static const char *known_name(const struct allocators *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i].family != FAMILY_OWN && !found->items[i].layer)
			return found->items[i].name;
	return NULL;
}

static const char *name_by_symbols(const struct elf_file *file, const char *path,
				   const struct function_set *functions)
{
	struct allocators found;
	allocators_find_by_symbols(file, path, functions, &found);
	const char *name = known_name(&found);
	allocators_release(&found);
	return name;
}

static const char *name_by_messages(const struct elf_file *file, const char *path)
{
	struct allocators found;
	struct allocator_finder *finder = allocator_finder_new();
	allocators_find(finder, file, path, &found);
	const char *name = known_name(&found);
	allocators_release(&found);
	allocator_finder_free(finder);
	return name;
}

void program_find_allocator(const struct elf_file *file, struct program_info *info)
{
	struct function_set functions = FUNCTION_SET_INIT;
	function_set_add(&functions, file->elf, SHT_DYNSYM);
	function_set_add(&functions, file->elf, SHT_SYMTAB);
	const struct function *own = function_set_find(&functions, "", "malloc");
	info->allocator_name = name_by_symbols(file, info->path, &functions);
	if (own && own->exported)
		info->allocator = PROGRAM_EXPORTS_MALLOC;
	else if (own && function_set_find(&functions, "", "free"))
		info->allocator = PROGRAM_CONTAINS_MALLOC;
	else if (info->allocator_name)
		info->allocator = PROGRAM_CONTAINS_OTHER;
	if (!info->allocator_name && info->allocator != PROGRAM_USES_LIBC)
		info->allocator_name = name_by_messages(file, info->path);
	function_set_release(&functions);
}

/* function_set.h - the functions that an ELF file, or the objects of an archive together, define, by
 * name.
 *
 * From one or more symbol tables; names are the files', which must stay open. Of a name that is
 * there twice the first holds, so the dynamic table comes first. Longer names than any that is
 * looked for are left out. */
#ifndef ALLOCTRACE_ELF_FUNCTION_SET_H
#define ALLOCTRACE_ELF_FUNCTION_SET_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FUNCTION_NAME_MAX = 63 };

struct function {
	const char *name; /* ended by its length: a version may follow ("malloc@@GLIBC_2.2.5") */
	uint32_t name_bytes;
	bool exported;
	uint64_t address; /* virtual, in the file; in objects, which have none, the section's and the
			   * object's numbers are in it, so that it is one function's all the same */
};

/* How names end (their last NAME_ENDING_BYTES): of a million names few end as those that are looked
 * for do. */
enum { NAME_ENDING_BYTES = 3, NAME_ENDINGS = 1 << 16 };

struct name_endings {
	uint8_t bits[NAME_ENDINGS / 8];
};

/* Shorter names are always taken. But a word that is looked for behind a prefix must not be shorter. */
void name_endings_add(struct name_endings *endings, const char *name, size_t bytes);

struct function_set {
	struct function *items;
	size_t count, cap;
	uint32_t *table; /* indices + 1 by hash; open addressing, room is a power of two */
	size_t room;
	uint32_t objects; /* relocatable files that were added */
	const struct name_endings *endings; /* NULL, or what of ELF files is taken; the caller's */
};

#define FUNCTION_SET_INIT { NULL, 0, 0, NULL, 0, 0, NULL }

void function_set_release(struct function_set *set);
/* Adds what the file's tables of this type (SHT_DYNSYM or SHT_SYMTAB) define. An object's global
 * functions count as exported. */
void function_set_add(struct function_set *set, Elf *elf, uint32_t section_type);
/* Adds one; its name is not copied. */
void function_set_put(struct function_set *set, const struct function *function);
/* The function called prefix + name, or NULL. */
const struct function *function_set_find(const struct function_set *set, const char *prefix,
					 const char *name);

#endif

/* elf_archive.c - see elf_archive.h. */
#include "elf/elf_archive.h"

#include <stdlib.h>
#include <unistd.h>

#include "util/mem.h"

static void take(struct elf_archive *archive, Elf *member)
{
	archive->objects = mem_grow(archive->objects, &archive->cap, archive->count + 1,
				    sizeof(*archive->objects));
	archive->objects[archive->count++] = (struct elf_file){ .fd = -1, .elf = member };
}

static void read_members(struct elf_archive *archive)
{
	Elf *member;
	Elf_Cmd command = ELF_C_READ;
	while (archive->count < ELF_ARCHIVE_MAX_OBJECTS &&
	       (member = elf_begin(archive->fd, command, archive->elf))) {
		command = elf_next(member);
		if (elf_kind(member) == ELF_K_ELF)
			take(archive, member);
		else
			elf_end(member);
	}
}

int elf_archive_open(struct elf_archive *archive, const char *path, struct err *err)
{
	*archive = (struct elf_archive){ .fd = elf_open_regular(path, err) };
	if (archive->fd < 0)
		return -1;
	elf_version(EV_CURRENT);
	archive->elf = elf_begin(archive->fd, ELF_C_READ, NULL);
	if (!archive->elf || elf_kind(archive->elf) != ELF_K_AR) {
		err_set(err, "%s is no archive that can be read (thin ones cannot)", path);
		elf_archive_close(archive);
		return -1;
	}
	read_members(archive);
	return 0;
}

void elf_archive_close(struct elf_archive *archive)
{
	for (size_t i = 0; i < archive->count; i++)
		elf_file_close(&archive->objects[i]);
	free(archive->objects);
	if (archive->elf)
		elf_end(archive->elf);
	if (archive->fd >= 0)
		close(archive->fd);
	*archive = (struct elf_archive){ .fd = -1 };
}

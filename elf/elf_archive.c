/* elf_archive.c - see elf_archive.h. */
#include "elf/elf_archive.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"

enum { IMAGE_MAX_BYTES = 1 << 30 };

static void take(struct elf_archive *archive, Elf *member)
{
	archive->objects = mem_grow(archive->objects, &archive->cap, archive->count + 1,
				    sizeof(*archive->objects));
	archive->objects[archive->count++] = (struct elf_file){ .fd = -1, .elf = member };
}

static void read_members(struct elf_archive *archive)
{
	Elf *member;
	Elf_Cmd command = ELF_C_READ_MMAP; /* from memory; nothing is mapped */
	while (archive->count < ELF_ARCHIVE_MAX_OBJECTS &&
	       (member = elf_begin(-1, command, archive->elf))) {
		command = elf_next(member);
		if (elf_kind(member) == ELF_K_ELF)
			take(archive, member);
		else
			elf_end(member);
	}
}

static void *read_whole(const char *path, size_t *bytes, struct err *err)
{
	struct stat st;
	struct elf_file file = { .fd = elf_open_regular(path, err) };
	if (file.fd < 0)
		return NULL;
	void *image = NULL;
	if (fstat(file.fd, &st) < 0 || st.st_size > IMAGE_MAX_BYTES) {
		err_set(err, "%s is too large", path);
	} else {
		image = mem_alloc((size_t)st.st_size + 1);
		*bytes = elf_file_read(&file, 0, image, (size_t)st.st_size);
	}
	close(file.fd);
	return image;
}

int elf_archive_open(struct elf_archive *archive, const char *path, struct err *err)
{
	size_t bytes = 0;
	*archive = (struct elf_archive){ .image = read_whole(path, &bytes, err) };
	if (!archive->image)
		return -1;
	elf_version(EV_CURRENT);
	archive->elf = elf_memory(archive->image, bytes);
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
	free(archive->image);
	*archive = (struct elf_archive){ 0 };
}

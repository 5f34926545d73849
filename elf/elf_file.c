/* elf_file.c - see elf_file.h. */
#include "elf/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/cut_guard.h"

enum {
	/* A file with more program headers than this is damaged: the kernel refuses it too. */
	MAX_PROGRAM_HEADERS = 65536,
	MAX_NOTES = 1024,
	/* Of each file: libelf keeps a copy of every part that is asked for, and a file of a
	 * megabyte can name the same part ten thousand times. */
	MAX_NOTE_PARTS = 64,
	MAX_NOTE_BYTES = 1 << 20,
	READ_MAX_BYTES = 1 << 30,
};

static const struct elf_file closed = ELF_FILE_INIT;

int elf_open_regular(const char *path, struct err *err)
{
	struct stat st;
	/* Not opened before it is known to be regular: opening a device can have effects. */
	if (stat(path, &st) < 0)
		return err_set_errno(err, "cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is not a regular file", path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_set_errno(err, "cannot open %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, "%s is not a regular file", path);
	}
	return fd;
}

static int check_kind(struct elf_file *file, const char *name, struct err *err)
{
	GElf_Ehdr ehdr;
	if (!file->elf)
		err_set(err, "cannot read %s as ELF: %s", name, elf_errmsg(-1));
	else if (elf_kind(file->elf) != ELF_K_ELF || !gelf_getehdr(file->elf, &ehdr))
		err_set(err, "%s is no ELF file", name);
	else
		return 0;
	elf_file_close(file);
	return -1;
}

/* libelf's own mapping, which it has whole. */
static void map_guarded(struct elf_file *file)
{
	size_t bytes = 0;
	file->elf = elf_begin(file->fd, ELF_C_READ_MMAP_PRIVATE, NULL);
	const void *start = file->elf ? elf_rawfile(file->elf, &bytes) : NULL;
	if (start && cut_guard_add(start, bytes)) {
		file->mapped = start;
		return;
	}
	elf_end(file->elf);
	file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
}

int elf_file_open(struct elf_file *file, const char *path, struct err *err)
{
	*file = closed;
	elf_version(EV_CURRENT);
	int fd = elf_open_regular(path, err);
	if (fd < 0)
		return -1;
	struct stat st;
	bool huge = false;
	if (fstat(fd, &st) == 0) {
		file->device = st.st_dev;
		file->inode = st.st_ino;
		huge = st.st_size > READ_MAX_BYTES;
	}
	file->fd = fd;
	/* Read, not mapped: somebody may cut the file off while it is in use (cp over a library),
	 * and touching what was cut off is a SIGBUS. libelf reads section by section, when asked
	 * for. Where that may take gigabytes of memory it is mapped, and guarded. */
	if (huge)
		map_guarded(file);
	else
		file->elf = elf_begin(fd, ELF_C_READ, NULL);
	return check_kind(file, path, err);
}

int elf_file_from_image(struct elf_file *file, void *image, size_t bytes, const char *name,
			struct err *err)
{
	*file = closed;
	elf_version(EV_CURRENT);
	file->image = image;
	file->elf = elf_memory(image, bytes);
	return check_kind(file, name, err);
}

void elf_file_close(struct elf_file *file)
{
	if (file->mapped)
		cut_guard_remove(file->mapped);
	if (file->elf)
		elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	free(file->image);
	*file = closed;
}

static bool build_id_in_notes(Elf_Data *data, struct elf_build_id *id)
{
	size_t offset = 0, name_at, desc_at;
	GElf_Nhdr note;
	for (int i = 0; i < MAX_NOTES; i++) {
		offset = gelf_getnote(data, offset, &note, &name_at, &desc_at);
		if (offset == 0)
			return false;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof("GNU") ||
		    memcmp((char *)data->d_buf + name_at, "GNU", sizeof("GNU")) != 0)
			continue;
		if (note.n_descsz == 0 || note.n_descsz > ELF_BUILD_ID_MAX)
			return false;
		memcpy(id->bytes, (char *)data->d_buf + desc_at, note.n_descsz);
		id->count = note.n_descsz;
		return true;
	}
	return false;
}

static bool build_id_in_segments(Elf *elf, struct elf_build_id *id)
{
	size_t count, left = MAX_NOTE_PARTS;
	if (elf_getphdrnum(elf, &count) != 0 || count > MAX_PROGRAM_HEADERS)
		return false;
	for (size_t i = 0; i < count && left > 0; i++) {
		GElf_Phdr phdr;
		if (!gelf_getphdr(elf, (int)i, &phdr))
			return false;
		if (phdr.p_type != PT_NOTE || phdr.p_filesz == 0 || phdr.p_filesz > MAX_NOTE_BYTES)
			continue;
		left--;
		Elf_Type type = phdr.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
		Elf_Data *data =
			elf_getdata_rawchunk(elf, (int64_t)phdr.p_offset, phdr.p_filesz, type);
		if (data && data->d_buf && build_id_in_notes(data, id))
			return true;
	}
	return false;
}

/* The program headers of a separate debug file point at notes that may not be in it: there only
 * the sections tell. */
static bool build_id_in_sections(Elf *elf, struct elf_build_id *id)
{
	Elf_Scn *section = NULL;
	for (size_t left = MAX_NOTE_PARTS; left > 0 && (section = elf_nextscn(elf, section));) {
		GElf_Shdr shdr;
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_NOTE ||
		    shdr.sh_size > MAX_NOTE_BYTES)
			continue;
		left--;
		Elf_Data *data = elf_getdata(section, NULL);
		if (data && data->d_buf && build_id_in_notes(data, id))
			return true;
	}
	return false;
}

void elf_build_id_read(Elf *elf, struct elf_build_id *id)
{
	id->count = 0;
	if (!build_id_in_sections(elf, id))
		build_id_in_segments(elf, id);
}

bool elf_build_id_equal(const struct elf_build_id *id, const uint8_t *bytes, size_t count)
{
	return id->count == count && memcmp(id->bytes, bytes, count) == 0;
}

size_t elf_file_read(const struct elf_file *file, uint64_t offset, void *out, size_t bytes)
{
	if (file->fd < 0) {
		size_t size;
		const char *image = elf_rawfile(file->elf, &size);
		if (!image || offset >= size)
			return 0;
		bytes = bytes < size - offset ? bytes : size - offset;
		memcpy(out, image + offset, bytes);
		return bytes;
	}
	size_t got = 0;
	while (got < bytes && offset + got <= INT64_MAX) {
		ssize_t n = pread(file->fd, (char *)out + got, bytes - got, (off_t)(offset + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

size_t elf_file_read_mapped(const struct elf_file *file, uint64_t address, void *out, size_t bytes)
{
	size_t count;
	if (elf_getphdrnum(file->elf, &count) != 0 || count > MAX_PROGRAM_HEADERS)
		return 0;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr phdr;
		if (!gelf_getphdr(file->elf, (int)i, &phdr))
			return 0;
		uint64_t in = address - phdr.p_vaddr;
		if (phdr.p_type != PT_LOAD || address < phdr.p_vaddr || in >= phdr.p_filesz)
			continue;
		bytes = bytes < phdr.p_filesz - in ? bytes : phdr.p_filesz - in;
		return elf_file_read(file, phdr.p_offset + in, out, bytes);
	}
	return 0;
}

uint64_t elf_file_size(const struct elf_file *file)
{
	size_t size = 0;
	struct stat st;
	if (file->fd < 0)
		elf_rawfile(file->elf, &size);
	else if (fstat(file->fd, &st) == 0)
		size = (size_t)st.st_size;
	return size;
}

size_t elf_symbol_count(Elf *elf, const Elf_Data *symbols)
{
	size_t entry_bytes = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	return symbols && symbols->d_buf && entry_bytes ? symbols->d_size / entry_bytes : 0;
}

struct elf_strings elf_strings_of(Elf *elf, size_t section)
{
	GElf_Shdr shdr;
	Elf_Scn *table = elf_getscn(elf, section);
	Elf_Data *data = table && gelf_getshdr(table, &shdr) && shdr.sh_type == SHT_STRTAB
				 ? elf_rawdata(table, NULL)
				 : NULL;
	if (!data || !data->d_buf || data->d_size == 0)
		return (struct elf_strings){ NULL, 0 };
	const char *text = data->d_buf, *last = memrchr(text, '\0', data->d_size);
	return (struct elf_strings){ text, last ? (size_t)(last - text) + 1 : 0 };
}

struct elf_strings elf_section_names(Elf *elf)
{
	size_t section;
	if (elf_getshdrstrndx(elf, &section) != 0)
		return (struct elf_strings){ NULL, 0 };
	return elf_strings_of(elf, section);
}

Elf_Scn *elf_section_named(Elf *elf, const char *name)
{
	const struct elf_strings names = elf_section_names(elf);
	Elf_Scn *section = NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		if (!gelf_getshdr(section, &shdr))
			continue;
		const char *found = elf_strings_at(&names, shdr.sh_name);
		if (found && strcmp(found, name) == 0 && shdr.sh_type != SHT_NOBITS &&
		    shdr.sh_size > 0)
			return section;
	}
	return NULL;
}

Elf_Scn *elf_section_of_type(Elf *elf, uint32_t type, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, header) && header->sh_type == type)
			return section;
	return NULL;
}

bool elf_segment_of_type(Elf *elf, uint32_t type, GElf_Phdr *segment)
{
	size_t count = 0;
	if (elf_getphdrnum(elf, &count) != 0)
		return false;
	for (size_t i = 0; i < count && i < INT32_MAX; i++)
		if (gelf_getphdr(elf, (int)i, segment) && segment->p_type == type)
			return true;
	return false;
}

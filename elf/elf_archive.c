/* elf_archive.c - see elf_archive.h. An archive:
 *
 *	"!<arch>\n" | header, data, a newline if that ends at an odd byte | header, data ...
 *
 * and a header, of 60 characters: name 16, date 12, owner 6, group 6, mode 8, size 10, "`\n".
 *Members with names of their own: "/" and "__.SYMDEF" (an index), "//" (long names; another's name
 *is then
 * "/" and where its own is in there). BSD writes "#1/" and how many bytes of the data are the name.
 */
#include "elf/elf_archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/path.h"

enum {
	IMAGE_MAX_BYTES = 1 << 30,
	/* Of the members of a thin archive together; the archive itself may be of a few bytes. */
	THIN_MAX_BYTES = 256 << 20,
	MAGIC_BYTES = 8,
	HEADER_BYTES = 60,
	NAME_BYTES = 16,
	SIZE_AT = 48,
	SIZE_DIGITS = 10,
	MEMBER_NAME_MAX = 4096,
};

struct reading {
	struct elf_archive *archive;
	const char *path;
	const char *data;
	size_t bytes;
	bool thin;
	const char *names; /* long ones */
	size_t names_bytes;
	size_t thin_left;
};

struct member {
	const char *name;
	size_t name_bytes;
	const char *data; /* NULL in a thin archive */
	size_t bytes;
};

/* ---- members ---- */

static void take_elf(struct elf_archive *archive, const struct elf_file *object,
		     const struct member *m)
{
	archive->names = mem_grow(archive->names, &archive->name_cap, archive->count + 1,
				  sizeof(*archive->names));
	archive->names[archive->count] = mem_strndup(m->name, m->name_bytes);
	archive->objects = mem_grow(archive->objects, &archive->cap, archive->count + 1,
				    sizeof(*archive->objects));
	archive->objects[archive->count++] = *object;
}

static void take_foreign(struct elf_archive *archive, struct foreign_file *file)
{
	archive->foreign = mem_grow(archive->foreign, &archive->foreign_cap,
				    archive->foreign_count + 1, sizeof(*archive->foreign));
	archive->foreign[archive->foreign_count++] = file;
}

/* `owned` is the memory to be freed with the object, or NULL. */
static void take(struct elf_archive *archive, const struct member *m, const void *data,
		 size_t bytes, void *owned)
{
	struct elf_file file = ELF_FILE_INIT;
	file.image = owned;
	file.elf = elf_memory((char *)(uintptr_t)data, bytes);
	if (file.elf && elf_kind(file.elf) == ELF_K_ELF) {
		take_elf(archive, &file, m);
		return;
	}
	if (!file.elf || elf_kind(file.elf) != ELF_K_NONE) {
		elf_file_close(&file);
		return;
	}
	struct foreign_file *foreign = mem_alloc(sizeof(*foreign));
	if (foreign_file_take(foreign, &file) == 0 && foreign->is_object) {
		take_foreign(archive, foreign);
		return;
	}
	foreign_file_close(foreign);
	free(foreign);
}

static bool is_object(const uint8_t *start, size_t bytes)
{
	return (bytes >= SELFMAG && memcmp(start, ELFMAG, SELFMAG) == 0) ||
	       foreign_format_of(start, bytes) != FOREIGN_NONE;
}

/* ---- members elsewhere ---- */

static void miss(struct reading *r, const struct err *err)
{
	if (!r->archive->missing)
		r->archive->missing = mem_printf("%s is thin, and %s", r->path, err->text);
}

static int read_elsewhere(struct reading *r, const struct member *m, const char *path,
			  struct err *err)
{
	uint8_t start[MAGIC_BYTES];
	struct elf_file file = { .fd = elf_open_regular(path, err) };
	if (file.fd < 0)
		return -1;
	size_t got = elf_file_read(&file, 0, start, sizeof(start));
	int code = 0;
	if (elf_file_size(&file) != m->bytes)
		code = err_set(err, "%s is not as long as it says", path);
	else if (is_object(start, got) && m->bytes > r->thin_left)
		code = err_set(err, "its members are too large");
	else if (is_object(start, got)) {
		char *data = mem_alloc(m->bytes);
		got = elf_file_read(&file, 0, data, m->bytes);
		r->thin_left -= m->bytes;
		take(r->archive, m, data, got, data);
	}
	close(file.fd);
	return code;
}

/* Their paths are relative to the archive's folder. */
static void take_elsewhere(struct reading *r, const struct member *m)
{
	struct err err = { "" };
	size_t folder = (size_t)(path_name(r->path) - r->path);
	if (m->name_bytes == 0 || m->name_bytes > MEMBER_NAME_MAX)
		return;
	if (m->name[0] == '/')
		folder = 0;
	char *path = mem_printf("%.*s%.*s", (int)folder, r->path, (int)m->name_bytes, m->name);
	if (read_elsewhere(r, m, path, &err) < 0)
		miss(r, &err);
	free(path);
}

/* ---- headers ---- */

static bool number_at(const char *text, size_t digits, size_t *number)
{
	*number = 0;
	size_t i = 0;
	for (; i < digits && text[i] >= '0' && text[i] <= '9'; i++)
		*number = *number * 10 + (size_t)(text[i] - '0');
	return i > 0;
}

static bool starts(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

/* The names of members that are no objects. */
static bool is_special(const char *header)
{
	return starts(header, "/ ") || starts(header, "// ") || starts(header, "/SYM64/") ||
	       starts(header, "/<") || starts(header, "__.SYMDEF");
}

static void set_name(const struct reading *r, const char *header, struct member *m)
{
	size_t at;
	const char *end;
	m->name = header;
	m->name_bytes = NAME_BYTES;
	if (header[0] == '/' && number_at(header + 1, NAME_BYTES - 1, &at)) {
		m->name = at < r->names_bytes ? r->names + at : header;
		m->name_bytes = at < r->names_bytes ? r->names_bytes - at : 0;
		end = memchr(m->name, '\n', m->name_bytes);
		m->name_bytes = end ? (size_t)(end - m->name) : 0;
		if (m->name_bytes > 0 && m->name[m->name_bytes - 1] == '/')
			m->name_bytes--;
	} else if ((end = memchr(header, '/', NAME_BYTES))) {
		m->name_bytes = (size_t)(end - header);
	}
	if (starts(header, "#1/") && m->data && number_at(header + 3, NAME_BYTES - 3, &at) &&
	    at <= m->bytes) {
		m->name = m->data;
		m->name_bytes = strnlen(m->data, at);
		m->data += at;
		m->bytes -= at;
	}
}

/* Reads the member at *at and moves it on; false at the end, or where it is damaged. */
static bool next_member(struct reading *r, size_t *at)
{
	struct member m = { .data = NULL };
	if (r->bytes - *at < HEADER_BYTES)
		return false;
	const char *header = r->data + *at;
	bool special = is_special(header), here = !r->thin || special;
	if (memcmp(header + HEADER_BYTES - 2, "`\n", 2) != 0 ||
	    !number_at(header + SIZE_AT, SIZE_DIGITS, &m.bytes))
		return false;
	*at += HEADER_BYTES;
	if (here) {
		m.data = r->data + *at;
		if (m.bytes > r->bytes - *at)
			m.bytes = r->bytes - *at;
		*at += m.bytes;
		*at += *at & 1 && *at < r->bytes;
	}
	if (starts(header, "// ")) {
		r->names = m.data;
		r->names_bytes = m.bytes;
	}
	set_name(r, header, &m);
	if (special)
		return true;
	if (!here)
		take_elsewhere(r, &m);
	else if (is_object((const uint8_t *)m.data, m.bytes))
		take(r->archive, &m, m.data, m.bytes, NULL);
	return true;
}

/* ---- the archive ---- */

static void *read_part(const char *path, const struct file_part *part, size_t *bytes,
		       struct err *err)
{
	struct elf_file file = { .fd = elf_open_regular(path, err) };
	if (file.fd < 0)
		return NULL;
	void *image = NULL;
	uint64_t size = elf_file_size(&file), from = part ? part->offset : 0;
	size = from < size ? size - from : 0;
	if (part && part->bytes < size)
		size = part->bytes;
	if (size > IMAGE_MAX_BYTES) {
		err_set(err, "%s is too large", path);
	} else {
		image = mem_alloc(size + 1);
		*bytes = elf_file_read(&file, from, image, size);
	}
	close(file.fd);
	return image;
}

static int open_part(struct elf_archive *archive, const char *path, const struct file_part *part,
		     struct err *err)
{
	size_t at = MAGIC_BYTES;
	struct reading r = { .archive = archive, .path = path, .thin_left = THIN_MAX_BYTES };
	*archive = (struct elf_archive){ .image = read_part(path, part, &r.bytes, err) };
	if (!archive->image)
		return -1;
	r.data = archive->image;
	r.thin = r.bytes >= MAGIC_BYTES && memcmp(r.data, "!<thin>\n", MAGIC_BYTES) == 0;
	if (r.bytes < MAGIC_BYTES || (!r.thin && memcmp(r.data, "!<arch>\n", MAGIC_BYTES) != 0)) {
		elf_archive_close(archive);
		return err_set(err, "%s is no archive", path);
	}
	elf_version(EV_CURRENT);
	while (archive->count + archive->foreign_count < ELF_ARCHIVE_MAX_OBJECTS &&
	       next_member(&r, &at))
		;
	return 0;
}

int elf_archive_open(struct elf_archive *archive, const char *path, struct err *err)
{
	return open_part(archive, path, NULL, err);
}

int elf_archive_open_part(struct elf_archive *archive, const char *path, struct file_part part,
			  struct err *err)
{
	return open_part(archive, path, &part, err);
}

void elf_archive_close(struct elf_archive *archive)
{
	for (size_t i = 0; i < archive->count; i++) {
		elf_file_close(&archive->objects[i]);
		free(archive->names[i]);
	}
	free(archive->names);
	for (size_t i = 0; i < archive->foreign_count; i++) {
		foreign_file_close(archive->foreign[i]);
		free(archive->foreign[i]);
	}
	free(archive->objects);
	free(archive->foreign);
	free(archive->missing);
	free(archive->image);
	*archive = (struct elf_archive){ 0 };
}

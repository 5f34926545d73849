/* foreign_file.c - see foreign_file.h. */
#include "elf/foreign_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"

enum { TABLE_MAX_BYTES = 256 << 20 };

enum foreign_format foreign_format_of(const uint8_t *start, size_t bytes)
{
	static const uint8_t coff[][2] = {
		{ 0x64, 0x86 }, { 0x4c, 0x01 }, { 0x64, 0xaa }, { 0xc4, 0x01 }
	};
	static const uint8_t import[] = { 0, 0, 0xff, 0xff, 0, 0 };
	static const uint8_t mach_o[][4] = {
		{ 0xcf, 0xfa, 0xed, 0xfe }, { 0xce, 0xfa, 0xed, 0xfe }, { 0xfe, 0xed, 0xfa, 0xcf },
		{ 0xfe, 0xed, 0xfa, 0xce }, { 0xca, 0xfe, 0xba, 0xbe }, { 0xca, 0xfe, 0xba, 0xbf }
	};
	if (bytes >= 2 && memcmp(start, "MZ", 2) == 0)
		return FOREIGN_PE;
	if (bytes >= sizeof(import) && memcmp(start, import, sizeof(import)) == 0)
		return FOREIGN_PE;
	for (size_t i = 0; bytes >= 2 && i < sizeof(coff) / sizeof(coff[0]); i++)
		if (memcmp(start, coff[i], 2) == 0)
			return FOREIGN_PE;
	for (size_t i = 0; bytes >= 4 && i < sizeof(mach_o) / sizeof(mach_o[0]); i++)
		if (memcmp(start, mach_o[i], 4) == 0)
			return FOREIGN_MACH_O;
	return FOREIGN_NONE;
}

char *foreign_load(const struct foreign_file *file, uint64_t offset, uint64_t bytes)
{
	uint64_t size = elf_file_size(&file->bytes);
	if (bytes > TABLE_MAX_BYTES || offset > size || bytes > size - offset)
		return NULL;
	char *data = mem_alloc((size_t)bytes + 1);
	data[bytes] = '\0';
	if (elf_file_read(&file->bytes, offset, data, (size_t)bytes) == bytes)
		return data;
	free(data);
	return NULL;
}

void foreign_add_function(struct foreign_file *file, const char *name, const char *end,
			  uint64_t address, bool exported)
{
	size_t most = (size_t)(end - name);
	size_t bytes = strnlen(name, most < FUNCTION_NAME_MAX + 1 ? most : FUNCTION_NAME_MAX + 1);
	if (bytes == 0 || bytes > FUNCTION_NAME_MAX)
		return;
	const struct function f = { .name = name,
				    .name_bytes = (uint32_t)bytes,
				    .exported = exported,
				    .address = address };
	function_set_put(&file->functions, &f);
}

void foreign_add_constants(struct foreign_file *file, uint64_t offset, uint64_t bytes)
{
	if (file->constant_count == FOREIGN_PARTS_MAX || bytes == 0)
		return;
	file->constants = mem_grow(file->constants, &file->constant_cap, file->constant_count + 1,
				   sizeof(*file->constants));
	file->constants[file->constant_count++] = (struct file_part){ offset, bytes };
}

static bool read_file(struct foreign_file *file, unsigned part)
{
	uint8_t start[8] = { 0 };
	size_t got = elf_file_read(&file->bytes, 0, start, sizeof(start));
	file->format = foreign_format_of(start, got);
	file->machine_count = 1;
	return file->format == FOREIGN_PE	? foreign_read_pe(file)
	       : file->format == FOREIGN_MACH_O ? foreign_read_mach_o(file, part)
						: false;
}

int foreign_file_take(struct foreign_file *file, const struct elf_file *bytes)
{
	*file = (struct foreign_file){ .bytes = *bytes };
	return read_file(file, 0) ? 0 : -1;
}

int foreign_file_open(struct foreign_file *file, const char *path, unsigned part, struct err *err)
{
	*file = (struct foreign_file){ .bytes = ELF_FILE_INIT };
	file->bytes.fd = elf_open_regular(path, err);
	if (file->bytes.fd < 0)
		return -1;
	if (read_file(file, part))
		return 0;
	foreign_file_close(file);
	return err_set(err, "%s is no PE or Mach-O file that can be read", path);
}

void foreign_file_close(struct foreign_file *file)
{
	function_set_release(&file->functions);
	for (size_t i = 0; i < sizeof(file->names) / sizeof(file->names[0]); i++)
		free(file->names[i]);
	free(file->constants);
	elf_file_close(&file->bytes);
	memset(file, 0, sizeof(*file));
	file->bytes.fd = -1;
}

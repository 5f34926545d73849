/* elf.c - fuzz target: what is read of ELF files: allocators, bindings, calls, and whether it is a
 * program that can be started.
 *
 * The last bytes of the input are also taken for the addresses that are asked for. */
#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "elf/bindings.h"
#include "elf/call_site.h"
#include "elf/elf_file.h"
#include "elf/program.h"
#include "fuzz/file.h"
#include "tests/trace/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_bindings(const struct elf_file *file)
{
	struct bindings b;
	bindings_read(&b, file);
	for (size_t i = 0; i < b.symbol_count; i++)
		CHECK(bindings_is_allocation(b.symbols[i].name), "an allocation function");
	for (size_t i = 0; i < b.needed_count; i++)
		CHECK(b.needed[i], "a library has a name");
	bindings_release(&b);
}

static void read_call(const struct elf_file *file, uint64_t address)
{
	struct call_site site;
	char name[CALL_SYMBOL_BYTES];
	call_site_read(&site, file, address);
	CHECK(site.kind != CALL_SYMBOL || site.symbol[0], "a symbol has a name");
	CHECK(call_site_function(file, address, name) == (name[0] != '\0'), "a function too");
}

static void read_calls(const struct elf_file *file, const uint8_t *data, size_t size)
{
	enum { ADDRESSES = 4 };
	uint64_t address[ADDRESSES];
	Elf64_Ehdr ehdr;
	if (size < sizeof(address) || size < sizeof(ehdr))
		return;
	memcpy(address, data + size - sizeof(address), sizeof(address));
	for (size_t i = 0; i < ADDRESSES; i++)
		read_call(file, address[i]);
	memcpy(&ehdr, data, sizeof(ehdr));
	read_call(file, ehdr.e_entry);
}

static void inspect(const char *path)
{
	struct program_info info;
	struct err err = { "" };
	if (program_inspect(path, &info, &err) != 0) {
		CHECK(err.text[0], "a refusal has a reason");
		return;
	}
	(void)program_obstacle(&info);
	(void)program_note(&info);
	program_info_release(&info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_BYTES];
	struct err err = { "" };
	struct elf_file file;
	int fd = fuzz_file(data, size, path);
	fuzz_survey(path);
	inspect(path);
	if (elf_file_open(&file, path, &err) == 0) {
		read_bindings(&file);
		read_calls(&file, data, size);
		elf_file_close(&file);
	}
	close(fd);
	return 0;
}

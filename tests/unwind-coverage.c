/* unwind-coverage.c - can the runtime's unwinder read and evaluate every row of the CFI of these
 * files?
 *
 *	unwind-coverage FILE...
 *
 * Lays each x86-64 ELF file with unwind tables out as the loader would, read-only, and asks for
 * the row at up to 16 places of every function in its .eh_frame_hdr; evaluates the expressions in
 * it on made-up registers. Prints the numbers of files, functions, rows, refused rows, expressions
 * and unsupported expressions, and each refused place on stderr. Other files are passed over. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cfi.h"

enum {
	PLACES = 16,
	ENCODED_SDATA4 = 0x0b, /* DW_EH_PE_sdata4 | DW_EH_PE_datarel: what every linker writes */
	ENCODED_TABLE = 0x30 | ENCODED_SDATA4,
	FDE_LENGTH_AT = 12, /* of the function's length in an FDE with 32-bit pc-relative pointers */
	POINTED = 1 << 15,  /* the middle of made_up_stack */
};

static struct {
	unsigned long files, functions, rows, refused, expressions, unsupported;
} count;

/* Every word points to its middle, so that dereferencing stays inside. */
static uintptr_t made_up_stack[2 * POINTED];

struct image {
	const char *name;
	char *memory;
	uintptr_t bytes;
	const uint8_t *eh_frame_hdr;
};

/* Pointers in the registers that frames hang on, a small number in the others: libcrypto's
 * expressions use those as an index. */
static void make_up(uintptr_t *registers, uintptr_t pc)
{
	for (int i = 0; i < CFI_REGISTERS; i++)
		registers[i] = 1;
	registers[CFI_RBP] = registers[CFI_RSP] = (uintptr_t)&made_up_stack[POINTED];
	registers[CFI_RA] = pc;
}

static void evaluate(const struct image *m, uintptr_t pc, const uint8_t *expression, uint32_t bytes,
		     bool push_cfa)
{
	const struct cfi_memory memory = { (uintptr_t)made_up_stack,
					   (uintptr_t)(made_up_stack + 2 * POINTED) };
	uintptr_t registers[CFI_REGISTERS], result;
	make_up(registers, pc);
	count.expressions++;
	if (cfi_evaluate(expression, bytes, registers, &memory, push_cfa, registers[CFI_RSP],
			 &result))
		return;
	count.unsupported++;
	fprintf(stderr, "%s+0x%lx: unsupported expression\n", m->name,
		pc - (uintptr_t)m->memory);
}

static void try_place(const struct image *m, uintptr_t pc)
{
	struct cfi_scratch scratch;
	struct cfi_row row;
	uintptr_t start = (uintptr_t)m->memory;
	count.rows++;
	if (!cfi_find_row(start, start + m->bytes, m->eh_frame_hdr, pc, &scratch, &row)) {
		count.refused++;
		fprintf(stderr, "%s+0x%lx: refused\n", m->name, pc - start);
		return;
	}
	if (row.cfa_expression)
		evaluate(m, pc, row.cfa_expression, row.cfa_expression_bytes, false);
	for (int i = 0; i < CFI_REGISTERS; i++) {
		const struct cfi_rule *r = &row.rules[i];
		if (r->how == CFI_AT_EXPRESSION || r->how == CFI_IS_EXPRESSION)
			evaluate(m, pc, r->expression, r->expression_bytes, true);
	}
}

static int32_t read_i32(const uint8_t *p)
{
	int32_t value;
	memcpy(&value, p, sizeof(value));
	return value;
}

/* .eh_frame_hdr: version, three encodings, pointer to .eh_frame, number of entries, and then for
 * each function its address and its FDE's, relative to the header (LSB 5, "Exception Frames"). */
static void try_functions(const struct image *m)
{
	const uint8_t *hdr = m->eh_frame_hdr, *entry = hdr + 12;
	if ((hdr[2] & 15) != 3 || hdr[3] != ENCODED_TABLE)
		return;
	count.files++;
	for (uint32_t left = (uint32_t)read_i32(hdr + 8); left > 0; left--, entry += 8) {
		uintptr_t pc = (uintptr_t)hdr + (uintptr_t)(intptr_t)read_i32(entry);
		uint32_t bytes = (uint32_t)read_i32(hdr + read_i32(entry + 4) + FDE_LENGTH_AT);
		uint32_t step = bytes / PLACES + 1;
		count.functions++;
		for (uint32_t at = 0; at < bytes; at += step)
			try_place(m, pc + at);
	}
}

static bool lay_out(struct image *m, int fd, const Elf64_Ehdr *ehdr, const Elf64_Phdr *phdrs)
{
	const Elf64_Phdr *hdr = NULL;
	for (int i = 0; i < ehdr->e_phnum; i++) {
		uintptr_t end = phdrs[i].p_vaddr + phdrs[i].p_memsz;
		if (phdrs[i].p_type == PT_LOAD && end > m->bytes)
			m->bytes = end;
		if (phdrs[i].p_type == PT_GNU_EH_FRAME)
			hdr = &phdrs[i];
	}
	/* A fixed executable is laid out from 0, too: some MB of address space more. */
	m->memory = hdr ? mmap(NULL, m->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
			: MAP_FAILED;
	if (m->memory == MAP_FAILED)
		return false;
	for (int i = 0; i < ehdr->e_phnum; i++) {
		uintptr_t into_page = phdrs[i].p_vaddr & 4095;
		if (phdrs[i].p_type != PT_LOAD || phdrs[i].p_filesz == 0)
			continue;
		if (mmap(m->memory + phdrs[i].p_vaddr - into_page, phdrs[i].p_filesz + into_page,
			 PROT_READ, MAP_PRIVATE | MAP_FIXED, fd,
			 (off_t)(phdrs[i].p_offset - into_page)) == MAP_FAILED)
			return false;
	}
	m->eh_frame_hdr = (const uint8_t *)m->memory + hdr->p_vaddr;
	return true;
}

static void try_file(const char *path)
{
	struct image m = { .name = path };
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdrs[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (pread(fd, &ehdr, sizeof(ehdr), 0) == sizeof(ehdr) &&
	    memcmp(ehdr.e_ident, ELFMAG "\2\1", 6) == 0 && ehdr.e_machine == EM_X86_64 &&
	    (ehdr.e_type == ET_EXEC || ehdr.e_type == ET_DYN) && ehdr.e_phnum <= 32 &&
	    pread(fd, phdrs, sizeof(*phdrs) * ehdr.e_phnum, (off_t)ehdr.e_phoff) > 0) {
		if (lay_out(&m, fd, &ehdr, phdrs))
			try_functions(&m);
		if (m.memory && m.memory != MAP_FAILED)
			munmap(m.memory, m.bytes);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 2 * POINTED; i++)
		made_up_stack[i] = (uintptr_t)&made_up_stack[POINTED];
	for (int i = 1; i < argc; i++)
		try_file(argv[i]);
	printf("%lu %lu %lu %lu %lu %lu\n", count.files, count.functions, count.rows,
	       count.refused, count.expressions, count.unsupported);
	return 0;
}

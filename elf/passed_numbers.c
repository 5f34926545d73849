/* passed_numbers.c - see passed_numbers.h.
 *
 * The address is found by trying each four bytes of the code as a distance (x86-64), or each pair
 * of ADRP and ADD (aarch64): decoding the whole code would take a hundred times as long. Around a
 * hit the instructions are decoded from every possible beginning, until one run of them reaches the
 * hit; the constants are those that the registers of the arguments have at the call that follows.
 */
#include "elf/passed_numbers.h"

#include <Zydis/Zydis.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

enum {
	PARTS_MAX = 16,
	BEFORE_BYTES = 64, /* how far constants are loaded ahead of the text's address */
	AFTER_BYTES = 96,
	LEA = 0x8d,
	LEA_BYTES = 3, /* before its distance */
	MOV_EAX = 0xb8,
	ARGUMENTS_MAX = 6,
	DISTANCE_BYTES = 4,
	REGISTERS = 16,
	HITS_MAX = 16,
	ARM_REGISTERS = 32,
	ARM_ARGUMENTS = 8,
	ARM_WORD = 4,
};

/* Code is read as a whole. */
static const uint64_t part_max_bytes = UINT64_C(512) << 20;

struct code {
	uint8_t *bytes;
	size_t count;
	uint64_t address;
};

static uint32_t word_at(const uint8_t *at)
{
	uint32_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

static bool load(const struct elf_file *file, const struct image_part *part, struct code *out)
{
	uint8_t last;
	if (part->bytes == 0 || part->bytes > part_max_bytes ||
	    elf_file_read(file, part->offset + part->bytes - 1, &last, 1) != 1)
		return false;
	out->bytes = mem_alloc((size_t)part->bytes + 1);
	out->count = elf_file_read(file, part->offset, out->bytes, (size_t)part->bytes);
	out->address = part->address;
	return true;
}

/* ---- x86-64 ---- */

struct registers {
	uint32_t value[REGISTERS];
	bool known[REGISTERS];
	bool text[REGISTERS]; /* the text's address */
};

/* An instruction that loads the text's address: where it begins, and into which register. */
struct load {
	size_t at;
	unsigned reg;
};

static int register_number(ZydisRegister reg)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
	return whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15
		       ? (int)(whole - ZYDIS_REGISTER_RAX)
		       : -1;
}

static void follow(struct registers *r, const ZydisDecodedInstruction *in,
		   const ZydisDecodedOperand *operands)
{
	for (unsigned i = 0; i < in->operand_count; i++) {
		const ZydisDecodedOperand *o = &operands[i];
		if (o->type != ZYDIS_OPERAND_TYPE_REGISTER ||
		    !(o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		int number = register_number(o->reg.value);
		if (number < 0)
			continue;
		const struct registers before = *r;
		r->known[number] = r->text[number] = false;
		if (in->mnemonic == ZYDIS_MNEMONIC_MOV && i == 0) {
			const ZydisDecodedOperand *from = &operands[1];
			int other = from->type == ZYDIS_OPERAND_TYPE_REGISTER
					    ? register_number(from->reg.value)
					    : -1;
			if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
				r->value[number] = (uint32_t)from->imm.value.u;
				r->known[number] = true;
			} else if (other >= 0) {
				r->value[number] = before.value[other];
				r->known[number] = before.known[other];
				r->text[number] = before.text[other];
			}
		} else if (in->mnemonic == ZYDIS_MNEMONIC_XOR && i == 0 &&
			   operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			   operands[1].reg.value == o->reg.value) {
			r->value[number] = 0;
			r->known[number] = true;
		}
	}
}

/* Runs from `start` to the first call behind the load. False if the load, where an instruction
 * begins, is stepped over. */
static bool run_to_call(const struct code *code, size_t start, const struct load *load,
			struct registers *r)
{
	ZydisDecoder decoder;
	ZydisDecodedInstruction in;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	memset(r, 0, sizeof(*r));
	if (!ZYAN_SUCCESS(
		    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
		return false;
	bool reached = false;
	for (size_t at = start; at < code->count && at < load->at + AFTER_BYTES; at += in.length) {
		if (at > load->at && !reached)
			return false;
		reached |= at == load->at;
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code->bytes + at,
							 code->count - at, &in, operands)))
			return false;
		if (in.mnemonic == ZYDIS_MNEMONIC_CALL || in.mnemonic == ZYDIS_MNEMONIC_RET ||
		    in.mnemonic == ZYDIS_MNEMONIC_JMP) {
			if (reached)
				return in.mnemonic != ZYDIS_MNEMONIC_RET;
			memset(r, 0, sizeof(*r));
			continue;
		}
		follow(r, &in, operands);
		if (at == load->at) {
			r->text[load->reg] = true;
			r->known[load->reg] = false;
		}
	}
	return false;
}

/* The arguments behind the text; false if there are no `count` constants. */
static bool take(const struct registers *r, enum passed_convention convention, uint32_t *numbers,
		 size_t count)
{
	enum { RCX = 1, RDX = 2, RSI = 6, RDI = 7, R8 = 8, R9 = 9, NONE = REGISTERS };
	static const uint8_t arguments[][ARGUMENTS_MAX] = {
		[PASSED_BY_SYSTEM_V] = { RDI, RSI, RDX, RCX, R8, R9 },
		[PASSED_BY_WINDOWS] = { RCX, RDX, R8, R9, NONE, NONE },
	};
	const uint8_t *list = arguments[convention];
	size_t at = 0;
	while (at < ARGUMENTS_MAX && (list[at] == NONE || !r->text[list[at]]))
		at++;
	for (size_t i = 0; i < count; i++) {
		unsigned number = at + 1 + i < ARGUMENTS_MAX ? list[at + 1 + i] : NONE;
		if (number == NONE || !r->known[number])
			return false;
		numbers[i] = r->value[number];
	}
	return true;
}

static bool look_around(const struct code *code, const struct load *load,
			enum passed_convention convention, uint32_t *numbers, size_t count)
{
	struct registers r;
	size_t back = load->at < BEFORE_BYTES ? load->at : BEFORE_BYTES;
	for (;; back--) {
		if (run_to_call(code, load->at - back, load, &r) &&
		    take(&r, convention, numbers, count))
			return true;
		if (back == 0)
			return false;
	}
}

/* Whether the four bytes at `at` are the text's distance in a LEA (REX.W 8D /r, RIP-relative), or,
 * in code at a fixed place, its address in a MOV (B8+r). */
static bool is_load(const struct code *code, size_t at, uint64_t text, struct load *out)
{
	uint32_t word = word_at(code->bytes + at);
	uint64_t next = code->address + at + DISTANCE_BYTES;
	const uint8_t *before = code->bytes + at;
	if (next + (uint64_t)(int64_t)(int32_t)word == text && before[-2] == LEA &&
	    (before[-1] & 0xc7) == 0x05 && (before[-3] & 0xf8) == 0x48) {
		*out = (struct load){ at - LEA_BYTES, (before[-1] >> 3 & 7) | (before[-3] & 4)
										      << 1 };
		return true;
	}
	if (word != text || (before[-1] & 0xf8) != MOV_EAX)
		return false;
	bool high = before[-2] == 0x41;
	*out = (struct load){ at - 1 - high, (before[-1] & 7u) | (high ? 8 : 0) };
	return true;
}

static bool search_x86_64(const struct code *code, uint64_t text, enum passed_convention convention,
			  uint32_t *numbers, size_t count)
{
	struct load load;
	size_t hits = 0;
	for (size_t at = LEA_BYTES; at + DISTANCE_BYTES <= code->count && hits < HITS_MAX; at++) {
		if (!is_load(code, at, text, &load))
			continue;
		hits++;
		if (look_around(code, &load, convention, numbers, count))
			return true;
	}
	return false;
}

/* ---- aarch64 ---- */

/* MOVZ Wd, #number */
static bool is_movz(uint32_t word, unsigned *reg, uint32_t *number)
{
	*reg = word & (ARM_REGISTERS - 1);
	*number = word >> 5 & 0xffff;
	return (word & 0xffe00000) == 0x52800000;
}

/* What the ADRP at `at` and the ADD behind it, perhaps with others between them, make; 0: nothing.
 */
static uint64_t adrp_add(const struct code *code, size_t at, size_t *add)
{
	enum { APART = 8 };
	uint32_t adrp = word_at(code->bytes + at);
	if ((adrp & 0x9f000000) != 0x90000000)
		return 0;
	unsigned page_reg = adrp & (ARM_REGISTERS - 1);
	int64_t pages =
		(int64_t)((uint64_t)((adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3)) << 43) >> 43;
	uint64_t page = ((code->address + at) & ~UINT64_C(0xfff)) + (uint64_t)(pages * 4096);
	for (size_t i = 1; i <= APART && at + (i + 1) * ARM_WORD <= code->count; i++) {
		uint32_t word = word_at(code->bytes + at + i * ARM_WORD);
		if ((word & 0xffc00000) == 0x91000000 && (word >> 5 & 31) == page_reg) {
			*add = at + i * ARM_WORD;
			return page + (word >> 10 & 0xfff);
		}
	}
	return 0;
}

/* The constants in the argument registers behind the one that the ADD at `from` sets, at the call
 * that follows. */
static bool read_arguments(const struct code *code, size_t from, uint32_t *numbers, size_t count)
{
	unsigned first = (word_at(code->bytes + from) & (ARM_REGISTERS - 1)) + 1;
	uint32_t value[ARM_REGISTERS];
	bool known[ARM_REGISTERS] = { false };
	size_t at = from < BEFORE_BYTES ? 0 : from - BEFORE_BYTES;
	for (; at + ARM_WORD <= code->count && at < from + AFTER_BYTES; at += ARM_WORD) {
		uint32_t word = word_at(code->bytes + at), number;
		unsigned reg;
		if ((word & 0xfc000000) == 0x94000000 && at > from)
			break;
		if (is_movz(word, &reg, &number)) {
			value[reg] = number;
			known[reg] = true;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (first + i >= ARM_ARGUMENTS || !known[first + i])
			return false;
		numbers[i] = value[first + i];
	}
	return true;
}

static bool search_aarch64(const struct code *code, uint64_t text, uint32_t *numbers, size_t count)
{
	size_t add = 0, hits = 0;
	for (size_t at = 0; at + ARM_WORD <= code->count && hits < HITS_MAX; at += ARM_WORD) {
		if (adrp_add(code, at, &add) != text)
			continue;
		hits++;
		if (read_arguments(code, add, numbers, count))
			return true;
	}
	return false;
}

/* ---- the whole ---- */

static bool find_text(const struct elf_file *file, const struct image_part *part, const char *text,
		      uint64_t *address)
{
	struct code data;
	if (!load(file, part, &data))
		return false;
	const uint8_t *hit = memmem(data.bytes, data.count, text, strlen(text));
	if (hit)
		*address = data.address + (uint64_t)(hit - data.bytes);
	free(data.bytes);
	return hit != NULL;
}

bool passed_numbers_find(const struct elf_file *file, const struct image_part *parts,
			 size_t part_count, enum passed_convention convention, const char *text,
			 uint32_t *numbers, size_t count)
{
	uint64_t address = 0;
	bool there = false, found = false;
	for (size_t i = 0; i < part_count && !there; i++)
		there = !parts[i].is_code && find_text(file, &parts[i], text, &address);
	for (size_t i = 0; i < part_count && !there; i++)
		there = parts[i].is_code && find_text(file, &parts[i], text, &address);
	for (size_t i = 0; i < part_count && there && !found; i++) {
		struct code code;
		if (!parts[i].is_code || !load(file, &parts[i], &code))
			continue;
		found = convention == PASSED_BY_AARCH64
				? search_aarch64(&code, address, numbers, count)
				: search_x86_64(&code, address, convention, numbers, count);
		free(code.bytes);
	}
	return found;
}

bool passed_numbers_in_elf(const struct elf_file *file, const char *text, uint32_t *numbers,
			   size_t count)
{
	GElf_Ehdr ehdr;
	GElf_Phdr phdr;
	struct image_part parts[PARTS_MAX];
	size_t all, used = 0;
	if (!gelf_getehdr(file->elf, &ehdr) || elf_getphdrnum(file->elf, &all) != 0 ||
	    (ehdr.e_machine != EM_X86_64 && ehdr.e_machine != EM_AARCH64))
		return false;
	for (size_t i = 0; i < all && used < PARTS_MAX && gelf_getphdr(file->elf, (int)i, &phdr);
	     i++)
		if (phdr.p_type == PT_LOAD && !(phdr.p_flags & PF_W))
			parts[used++] =
				(struct image_part){ phdr.p_offset, phdr.p_filesz, phdr.p_vaddr,
						     (phdr.p_flags & PF_X) != 0 };
	return passed_numbers_find(file, parts, used,
				   ehdr.e_machine == EM_AARCH64 ? PASSED_BY_AARCH64
								: PASSED_BY_SYSTEM_V,
				   text, numbers, count);
}

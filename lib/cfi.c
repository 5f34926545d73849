/* cfi.c - see cfi.h: finding the frame description entry and running its program. */
#include "lib/cfi.h"

#include "lib/cfi_reader.h"

enum { RULE_NOT_HERE = CFI_REGISTERS };

/* Common information entry: what its FDEs share. */
struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint64_t return_register;
	uint8_t pointer_encoding;
	bool has_augmentation;
	bool signal_frame;
	struct reader program;
};

struct fde {
	struct cie cie;
	uintptr_t start, end;
	struct reader program;
};

static void parse_augmentation(struct reader *r, const char *letters, struct cie *cie)
{
	uint64_t bytes = reader_uleb(r);
	if (bytes > (size_t)(r->end - r->at)) {
		r->bad = true;
		return;
	}
	const uint8_t *end = r->at + bytes;
	for (const char *c = letters + 1; *c && !r->bad; c++) {
		if (*c == 'R')
			cie->pointer_encoding = reader_u8(r);
		else if (*c == 'L')
			reader_u8(r);
		else if (*c == 'P')
			reader_skip_encoded(r, reader_u8(r));
		else if (*c == 'S')
			cie->signal_frame = true;
		else
			break; /* the length tells where the rest ends */
	}
	r->at = end;
}

static bool parse_cie(struct reader r, struct cie *cie)
{
	*cie = (struct cie){ .pointer_encoding = 0 };
	if (!reader_enter_entry(&r) || reader_u32(&r) != 0)
		return false;
	uint8_t version = reader_u8(&r);
	if (version != 1 && version != 3)
		return false;
	const char *letters = (const char *)r.at;
	while (reader_u8(&r) != 0 && !r.bad)
		;
	if (r.bad)
		return false;
	cie->code_align = reader_uleb(&r);
	cie->data_align = reader_sleb(&r);
	cie->return_register = version == 1 ? reader_u8(&r) : reader_uleb(&r);
	cie->has_augmentation = letters[0] == 'z';
	if (cie->has_augmentation)
		parse_augmentation(&r, letters, cie);
	else if (letters[0] != '\0')
		return false;
	cie->program = r;
	return !r.bad && cie->return_register == CFI_RA;
}

static bool parse_fde(struct reader r, const uint8_t *at, struct fde *fde)
{
	const uint8_t *limit = r.end;
	r.at = at;
	if (!reader_enter_entry(&r))
		return false;
	const uint8_t *pointer_at = r.at;
	uint32_t distance = reader_u32(&r);
	if (r.bad || distance == 0 || distance > (size_t)(pointer_at - r.start))
		return false;
	struct reader cie_reader = { r.start, pointer_at - distance, limit, false };
	if (!parse_cie(cie_reader, &fde->cie))
		return false;
	fde->start = reader_encoded(&r, fde->cie.pointer_encoding, 0);
	fde->end = fde->start + reader_encoded(&r, fde->cie.pointer_encoding & 0x0f, 0);
	if (fde->cie.has_augmentation) {
		uint64_t bytes = reader_uleb(&r);
		if (bytes > (size_t)(r.end - r.at))
			return false;
		r.at += bytes;
	}
	fde->program = r;
	return !r.bad;
}

/* The binary search table of .eh_frame_hdr: pairs of 32-bit offsets from the header's start, of
 * the function and of its FDE, sorted. NULL if there is no entry at or below pc. */
static const uint8_t *search_table(struct reader r, const uint8_t *hdr, uintptr_t pc)
{
	r.at = hdr;
	uint8_t version = reader_u8(&r);
	uint8_t frame_encoding = reader_u8(&r);
	uint8_t count_encoding = reader_u8(&r);
	uint8_t table_encoding = reader_u8(&r);
	reader_skip_encoded(&r, frame_encoding);
	uint64_t count = reader_encoded(&r, count_encoding, (uintptr_t)hdr);
	if (r.bad || version != 1 || table_encoding != (ENCODING_DATAREL | ENCODING_SDATA4) ||
	    count == 0 || count > (size_t)(r.end - r.at) / 8)
		return NULL;
	const uint8_t *table = r.at;
	intptr_t target = (intptr_t)(pc - (uintptr_t)hdr);
	size_t low = 0, high = count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (reader_peek_s32(table + middle * 8) <= target)
			low = middle;
		else
			high = middle;
	}
	if (reader_peek_s32(table + low * 8) > target)
		return NULL;
	return hdr + reader_peek_s32(table + low * 8 + 4);
}

/* State of the CFI program. */
struct machine {
	struct cfi_row *row;
	struct cfi_scratch *scratch;
	unsigned depth;
	uintptr_t location;
	const struct fde *fde;
};

static void set_rule(struct machine *m, uint64_t reg, enum cfi_how how, int64_t offset)
{
	if (reg < CFI_REGISTERS)
		m->row->rules[reg] = (struct cfi_rule){ .how = how, .offset = offset };
}

static void set_expression(struct machine *m, struct reader *r, uint64_t reg, enum cfi_how how)
{
	uint64_t bytes = reader_uleb(r);
	const uint8_t *expression = reader_block(r, bytes);
	if (expression && reg < CFI_REGISTERS)
		m->row->rules[reg] = (struct cfi_rule){ .how = how,
							.expression_bytes = (uint32_t)bytes,
							.expression = expression };
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
	m->row->cfa_register = reg < CFI_REGISTERS ? (uint8_t)reg : RULE_NOT_HERE;
	m->row->cfa_offset = offset;
	m->row->cfa_expression = NULL;
}

static void restore_rule(struct machine *m, uint64_t reg)
{
	if (reg < CFI_REGISTERS)
		m->row->rules[reg] = m->scratch->initial.rules[reg];
}

static void remember(struct machine *m, struct reader *r)
{
	if (m->depth == CFI_REMEMBER_DEPTH)
		r->bad = true;
	else
		m->scratch->remembered[m->depth++] = *m->row;
}

static void recall(struct machine *m, struct reader *r)
{
	if (m->depth == 0)
		r->bad = true;
	else
		*m->row = m->scratch->remembered[--m->depth];
}

enum {
	DW_CFA_nop = 0x00,
	DW_CFA_set_loc = 0x01,
	DW_CFA_advance_loc1 = 0x02,
	DW_CFA_advance_loc2 = 0x03,
	DW_CFA_advance_loc4 = 0x04,
	DW_CFA_offset_extended = 0x05,
	DW_CFA_restore_extended = 0x06,
	DW_CFA_undefined = 0x07,
	DW_CFA_same_value = 0x08,
	DW_CFA_register = 0x09,
	DW_CFA_remember_state = 0x0a,
	DW_CFA_restore_state = 0x0b,
	DW_CFA_def_cfa = 0x0c,
	DW_CFA_def_cfa_register = 0x0d,
	DW_CFA_def_cfa_offset = 0x0e,
	DW_CFA_def_cfa_expression = 0x0f,
	DW_CFA_expression = 0x10,
	DW_CFA_offset_extended_sf = 0x11,
	DW_CFA_def_cfa_sf = 0x12,
	DW_CFA_def_cfa_offset_sf = 0x13,
	DW_CFA_val_offset = 0x14,
	DW_CFA_val_offset_sf = 0x15,
	DW_CFA_val_expression = 0x16,
	DW_CFA_GNU_args_size = 0x2e,
	DW_CFA_GNU_negative_offset_extended = 0x2f,
	DW_CFA_advance_loc = 0x40, /* high two bits, operand in the low six */
	DW_CFA_offset = 0x80,
	DW_CFA_restore = 0xc0,
};

/* Instructions with a one-byte opcode of their own. Evaluation order of operands matters, so each
 * is read into a variable first. */
static void run_extended(struct machine *m, struct reader *r, uint8_t op)
{
	int64_t align = m->fde->cie.data_align;
	uint64_t reg, value;
	switch (op) {
	case DW_CFA_nop:
		return;
	case DW_CFA_set_loc:
		m->location = reader_encoded(r, m->fde->cie.pointer_encoding, 0);
		return;
	case DW_CFA_advance_loc1:
		m->location += reader_u8(r) * m->fde->cie.code_align;
		return;
	case DW_CFA_advance_loc2:
		m->location += reader_u16(r) * m->fde->cie.code_align;
		return;
	case DW_CFA_advance_loc4:
		m->location += reader_u32(r) * m->fde->cie.code_align;
		return;
	case DW_CFA_remember_state:
		remember(m, r);
		return;
	case DW_CFA_restore_state:
		recall(m, r);
		return;
	case DW_CFA_def_cfa_offset:
		m->row->cfa_offset = (int64_t)reader_uleb(r);
		return;
	case DW_CFA_def_cfa_offset_sf:
		m->row->cfa_offset = reader_sleb(r) * align;
		return;
	case DW_CFA_def_cfa_expression:
		value = reader_uleb(r);
		m->row->cfa_expression = reader_block(r, value);
		m->row->cfa_expression_bytes = (uint32_t)value;
		return;
	case DW_CFA_GNU_args_size:
		reader_uleb(r);
		return;
	default:
		break;
	}
	reg = reader_uleb(r);
	switch (op) {
	case DW_CFA_offset_extended:
		set_rule(m, reg, CFI_AT_CFA_OFFSET, (int64_t)reader_uleb(r) * align);
		return;
	case DW_CFA_offset_extended_sf:
		set_rule(m, reg, CFI_AT_CFA_OFFSET, reader_sleb(r) * align);
		return;
	case DW_CFA_GNU_negative_offset_extended:
		set_rule(m, reg, CFI_AT_CFA_OFFSET, -(int64_t)reader_uleb(r) * align);
		return;
	case DW_CFA_val_offset:
		set_rule(m, reg, CFI_IS_CFA_OFFSET, (int64_t)reader_uleb(r) * align);
		return;
	case DW_CFA_val_offset_sf:
		set_rule(m, reg, CFI_IS_CFA_OFFSET, reader_sleb(r) * align);
		return;
	case DW_CFA_restore_extended:
		restore_rule(m, reg);
		return;
	case DW_CFA_undefined:
		set_rule(m, reg, CFI_UNDEFINED, 0);
		return;
	case DW_CFA_same_value:
		set_rule(m, reg, CFI_SAME, 0);
		return;
	case DW_CFA_register:
		set_rule(m, reg, CFI_IN_REGISTER, (int64_t)reader_uleb(r));
		return;
	case DW_CFA_def_cfa:
		set_cfa(m, reg, (int64_t)reader_uleb(r));
		return;
	case DW_CFA_def_cfa_sf:
		set_cfa(m, reg, reader_sleb(r) * align);
		return;
	case DW_CFA_def_cfa_register:
		set_cfa(m, reg, m->row->cfa_offset);
		return;
	case DW_CFA_expression:
		set_expression(m, r, reg, CFI_AT_EXPRESSION);
		return;
	case DW_CFA_val_expression:
		set_expression(m, r, reg, CFI_IS_EXPRESSION);
		return;
	default:
		r->bad = true; /* nobody knows how long its operands are */
	}
}

/* Runs instructions until the location passes pc. */
static bool run_program(struct machine *m, struct reader r, uintptr_t pc)
{
	while (r.at < r.end && !r.bad && m->location <= pc) {
		uint8_t op = reader_u8(&r);
		uint8_t operand = op & 0x3f;
		switch (op & 0xc0) {
		case DW_CFA_advance_loc:
			m->location += operand * m->fde->cie.code_align;
			break;
		case DW_CFA_offset:
			set_rule(m, operand, CFI_AT_CFA_OFFSET,
				 (int64_t)reader_uleb(&r) * m->fde->cie.data_align);
			break;
		case DW_CFA_restore:
			restore_rule(m, operand);
			break;
		default:
			run_extended(m, &r, op);
		}
	}
	return !r.bad;
}

bool cfi_find_row(uintptr_t start, uintptr_t end, const uint8_t *hdr, uintptr_t pc,
		  struct cfi_scratch *scratch, struct cfi_row *row)
{
	struct reader whole = { (const uint8_t *)start, (const uint8_t *)start,
				(const uint8_t *)end, false };
	struct fde fde;
	const uint8_t *at = search_table(whole, hdr, pc);
	if (!at || at < whole.start || at >= whole.end || !parse_fde(whole, at, &fde) ||
	    pc < fde.start || pc >= fde.end)
		return false;
	struct machine m = { .row = row, .scratch = scratch, .fde = &fde };
	__builtin_memset(row, 0, sizeof(*row));
	row->cfa_register = RULE_NOT_HERE;
	row->signal_frame = fde.cie.signal_frame;
	if (!run_program(&m, fde.cie.program, UINTPTR_MAX))
		return false;
	scratch->initial = *row;
	m.location = fde.start;
	return run_program(&m, fde.program, pc) &&
	       (row->cfa_expression || row->cfa_register < CFI_REGISTERS);
}

/* unwind.c - see unwind.h: CFI rows turned into 32-bit rules. */
#include "lib/unwind.h"

#include "lib/thread.h"

struct rule_entry rule_cache[1 << RULE_CACHE_BITS];

/* What binutils and lld put into .eh_frame for .plt (x86-64):
 * DW_OP_breg7 8, breg16 0, lit15, and, lit11 (or lit10 with endbr64), ge, lit3, shl, plus. */
static bool is_plt_expression(const uint8_t *e, uint32_t bytes)
{
	static const uint8_t head[] = { 0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a };
	static const uint8_t tail[] = { 0x2a, 0x33, 0x24, 0x22 };
	return bytes == 11 && __builtin_memcmp(e, head, sizeof(head)) == 0 && e[6] == 0x3b &&
	       __builtin_memcmp(e + 7, tail, sizeof(tail)) == 0;
}

/* DW_OP_breg6 offset, DW_OP_deref: gcc's frame of a function that realigned its stack. */
static bool is_rbp_deref(const uint8_t *e, uint32_t bytes, int32_t *offset)
{
	if (bytes != 3 || e[0] != 0x76 || e[1] >= 0x80 || e[2] != 0x06)
		return false;
	*offset = (int32_t)(e[1] & 0x40 ? e[1] - 0x80 : e[1]);
	return true;
}

static bool rbp_bits(const struct cfi_row *row, enum rule_kind kind, uint32_t *bits)
{
	const struct cfi_rule *r = &row->rules[CFI_RBP];
	switch (r->how) {
	case CFI_SAME:
	case CFI_UNDEFINED:
		*bits = RULE_RBP_SAME;
		return true;
	case CFI_AT_CFA_OFFSET:
		*bits = (uint32_t)(-r->offset / 8);
		return r->offset < 0 && r->offset % 8 == 0 && *bits < RULE_RBP_AT_RBP;
	case CFI_AT_EXPRESSION:
		*bits = RULE_RBP_AT_RBP; /* DW_OP_breg6 0 */
		return kind == RULE_RBP_DEREF && r->expression_bytes == 2 &&
		       r->expression[0] == 0x76 && r->expression[1] == 0;
	default:
		return false;
	}
}

/* The row as a rule, or RULE_FULL when it does not fit. */
static uint32_t condense(const struct cfi_row *row)
{
	const struct cfi_rule *ra = &row->rules[CFI_RA];
	enum rule_kind kind = RULE_FULL;
	int32_t offset = 0;
	uint32_t rbp = 0;
	if (ra->how == CFI_UNDEFINED)
		return RULE_END;
	if (row->signal_frame)
		return RULE_SIGNAL;
	if (ra->how != CFI_AT_CFA_OFFSET || ra->offset != -8 ||
	    row->rules[CFI_RSP].how != CFI_SAME)
		return RULE_FULL;
	if (row->cfa_expression) {
		if (is_plt_expression(row->cfa_expression, row->cfa_expression_bytes))
			kind = RULE_PLT;
		else if (is_rbp_deref(row->cfa_expression, row->cfa_expression_bytes, &offset))
			kind = RULE_RBP_DEREF;
	} else if (row->cfa_offset > -(1 << 19) && row->cfa_offset < 1 << 19) {
		offset = (int32_t)row->cfa_offset;
		if (row->cfa_register == CFI_RSP)
			kind = RULE_RSP;
		else if (row->cfa_register == CFI_RBP)
			kind = RULE_RBP;
	}
	if (kind == RULE_FULL || !rbp_bits(row, kind, &rbp))
		return RULE_FULL;
	return (uint32_t)offset << RULE_OFFSET_SHIFT | rbp << 4 | kind;
}

static uint32_t work_out(const struct module *m, uintptr_t pc, struct cfi_scratch *scratch)
{
	struct cfi_row row;
	if (!m->eh_frame_hdr ||
	    !cfi_find_row(m->start, m->end, m->eh_frame_hdr, pc, scratch, &row))
		return RULE_FRAME_POINTER;
	return condense(&row);
}

AT_COLD struct rule unwind_rule_slow(uintptr_t pc, struct cfi_scratch *scratch)
{
	struct rule_place place = rule_place(pc); /* of the epoch before the module is looked up */
	bool is_new;
	uint32_t index = modules_find(pc, &is_new);
	struct rule rule = { work_out(&modules[index], pc, scratch), index };
	if (is_new)
		thread_announce_module(&modules[index]);
	at_store_relaxed(&place.entry->key, UINT64_C(0));
	at_store_release(&place.entry->value,
			 rule.bits | (uint64_t)index << 32 | place.check << 48);
	at_store_release(&place.entry->key, place.key);
	return rule;
}

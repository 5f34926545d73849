/* relocate_x86_64.c - see relocate_x86_64.h. */
#include "elf/relocate_x86_64.h"

#include <emmintrin.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "base/compiler.h"
#include "wire/plan_x86_64.h"

enum {
	INSTRUCTIONS_MAX = PLAN_DISPLACED_MAX,
	RSP = 4,
	JMP_REL32 = 0xe9,
	CALL_REL32 = 0xe8,
	JMP_REL8 = 0xeb,
	TWO_BYTE = 0x0f,
	JCC_REL32 = 0x80,
	GROUP_5 = 0xff, /* call and jmp through a register or memory, push */
	GROUP_5_CALL = 2,
	GROUP_5_JMP = 4,
	GROUP_5_PUSH = 6,
	MODRM_RIP_RELATIVE = 5, /* with mod 0 */
	MODRM_SIB = 4,
	SIB_NO_BASE = 5, /* with mod 0 */
	LOOP_FIRST = 0xe0,
	LOOP_LAST = 0xe3, /* jrcxz */
	OPERAND_SIZE_PREFIX = 0x66,
	ADDRESS_SIZE_PREFIX = 0x67,
};

static const uint8_t endbr64[] = { 0xf3, TWO_BYTE, 0x1e, 0xfa };

static bool decode(const uint8_t *bytes, size_t count, ZydisDecodedInstruction *out)
{
	ZydisDecoder decoder;
	return ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
					     ZYDIS_STACK_WIDTH_64)) &&
	       ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, count, out)) &&
	       out->length > 0 && out->length <= count;
}

/* ---- what an instruction is ---- */

static bool is_relative_branch(const ZydisDecodedInstruction *in)
{
	return in->raw.imm[0].is_relative;
}

static bool is_rip_relative(const ZydisDecodedInstruction *in)
{
	return in->attributes & ZYDIS_ATTRIB_HAS_MODRM && in->raw.modrm.mod == 0 &&
	       in->raw.modrm.rm == MODRM_RIP_RELATIVE;
}

static uint64_t branch_target(const ZydisDecodedInstruction *in, uint64_t end)
{
	return end + (uint64_t)in->raw.imm[0].value.s;
}

static uint64_t rip_target(const ZydisDecodedInstruction *in, uint64_t end)
{
	return end + (uint64_t)in->raw.disp.value;
}

static bool is_call(const ZydisDecodedInstruction *in)
{
	return in->meta.category == ZYDIS_CATEGORY_CALL;
}

/* Whether what comes behind it is not run next. */
static bool is_last(const ZydisDecodedInstruction *in)
{
	switch (in->mnemonic) {
	case ZYDIS_MNEMONIC_JMP:
	case ZYDIS_MNEMONIC_RET:
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
		return true;
	default:
		return false;
	}
}

static bool is_nop(const ZydisDecodedInstruction *in)
{
	return in->mnemonic == ZYDIS_MNEMONIC_NOP || in->mnemonic == ZYDIS_MNEMONIC_INT3;
}

size_t x86_64_entry_mark(const struct x86_64_code *function)
{
	bool marked = function->count >= sizeof(endbr64) &&
		      memcmp(function->bytes, endbr64, sizeof(endbr64)) == 0;
	return marked ? sizeof(endbr64) : 0;
}

bool x86_64_is_padding(const uint8_t *bytes, size_t count, size_t need)
{
	ZydisDecodedInstruction in;
	for (size_t at = 0; at < need; at += in.length)
		if (!decode(bytes + at, count - at, &in) || !is_nop(&in))
			return false;
	return true;
}

/* ---- the whole function ---- */

struct sweeper {
	const struct x86_64_code *function;
	struct x86_64_sweep *out;
};

static void note_target(const struct sweeper *s, uint64_t target, size_t from)
{
	uint64_t offset = target - s->function->address;
	if (offset < X86_64_HEAD_BYTES && s->out->jumped_from[offset] < from + 1)
		s->out->jumped_from[offset] = (uint32_t)from + 1;
}

static void note_table(const struct sweeper *s, uint64_t address, bool absolute)
{
	struct x86_64_sweep *out = s->out;
	for (size_t i = 0; i < out->table_count; i++)
		if (out->tables[i].address == address && out->tables[i].absolute == absolute)
			return;
	if (out->table_count < X86_64_TABLES_MAX)
		out->tables[out->table_count++] = (struct x86_64_table){ address, absolute };
	else
		out->undecodable = true; /* not known where it jumps */
}

/* A jump through a register goes anywhere; one through plain memory leaves the function. */
static void note_computed(const struct sweeper *s, const ZydisDecodedInstruction *in)
{
	if (in->mnemonic != ZYDIS_MNEMONIC_JMP || !(in->attributes & ZYDIS_ATTRIB_HAS_MODRM) ||
	    is_rip_relative(in))
		return;
	s->out->computed_jump = true;
	if (in->raw.modrm.mod == 0 && in->raw.modrm.rm == MODRM_SIB &&
	    in->raw.sib.base == SIB_NO_BASE)
		note_table(s, (uint64_t)in->raw.disp.value, true);
}

/* A call or jump through memory at a fixed place is one through the GOT. */
static bool calls_out(const ZydisDecodedInstruction *in)
{
	return (is_call(in) && !is_relative_branch(in)) ||
	       (in->mnemonic == ZYDIS_MNEMONIC_JMP && is_rip_relative(in));
}

static void note_instruction(const struct sweeper *s, const ZydisDecodedInstruction *in, size_t at)
{
	uint64_t end = s->function->address + at + in->length;
	if (is_relative_branch(in)) {
		/* A call of itself is a call like others. */
		if (!is_call(in) || branch_target(in, end) != s->function->address)
			note_target(s, branch_target(in, end), at);
	} else if (is_rip_relative(in)) {
		uint64_t target = rip_target(in, end);
		if (target != s->function->address)
			note_target(s, target, at);
		if (in->mnemonic == ZYDIS_MNEMONIC_LEA)
			note_table(s, target, false);
	}
	note_computed(s, in);
	s->out->calls_out |= calls_out(in);
	/* Who jumps through a register ends at one of these. */
	if (at > 0 && in->mnemonic == ZYDIS_MNEMONIC_ENDBR64)
		note_target(s, s->function->address + at, UINT32_MAX - 1);
}

void x86_64_sweep(const struct x86_64_code *function, struct x86_64_sweep *out)
{
	struct sweeper s = { function, out };
	ZydisDecodedInstruction in;
	memset(out, 0, sizeof(*out));
	for (size_t at = 0; at < function->count; at += in.length) {
		if (!decode(function->bytes + at, function->count - at, &in)) {
			out->undecodable = true;
			return;
		}
		note_instruction(&s, &in, at);
		/* The last one may be a call that does not return. */
		out->runs_on = !is_last(&in) && !is_call(&in) && in.mnemonic != ZYDIS_MNEMONIC_INT3;
	}
}

bool x86_64_next_call(const struct x86_64_code *function, size_t *at, uint64_t *target)
{
	ZydisDecodedInstruction in;
	while (*at < function->count && decode(function->bytes + *at, function->count - *at, &in)) {
		*at += in.length;
		if (!is_relative_branch(&in))
			continue;
		*target = branch_target(&in, function->address + *at);
		if (is_call(&in) || *target - function->address >= function->count)
			return true;
	}
	return false;
}

bool x86_64_jumps_into(const struct x86_64_code *function, uint64_t from, uint64_t to)
{
	ZydisDecodedInstruction in;
	for (size_t at = 0; at < function->count; at += in.length) {
		if (!decode(function->bytes + at, function->count - at, &in))
			return false;
		uint64_t end = function->address + at + in.length;
		if (is_relative_branch(&in) && branch_target(&in, end) - from < to - from)
			return true;
	}
	return false;
}

static bool has_long_distance(const uint8_t *distance, size_t before)
{
	if (before >= 1 && (distance[-1] == JMP_REL32 || distance[-1] == CALL_REL32))
		return true;
	return before >= 2 && distance[-2] == TWO_BYTE && (distance[-1] & 0xf0) == JCC_REL32;
}

bool x86_64_find_jump(const struct x86_64_code *code, size_t *at, uint64_t from, uint64_t to)
{
	/* Each byte may begin a distance; the compiler makes this loop fast. */
	uint64_t width = to - from, first = code->address + 4 - from;
	for (size_t i = *at; i + 4 <= code->count; i++) {
		int32_t distance;
		memcpy(&distance, code->bytes + i, sizeof(distance));
		if (AT_LIKELY(first + i + (uint64_t)(int64_t)distance >= width) ||
		    !has_long_distance(code->bytes + i, i))
			continue;
		*at = i;
		return true;
	}
	return false;
}

static void mark_target(const struct x86_64_code *code, size_t i, uint8_t *bits, uint64_t low,
			uint64_t count)
{
	int32_t distance;
	if (i + sizeof(distance) > code->count || !has_long_distance(code->bytes + i, i))
		return;
	memcpy(&distance, code->bytes + i, sizeof(distance));
	uint64_t bit = code->address + i + 4 + (uint64_t)(int64_t)distance - low;
	if (bit < count)
		bits[bit / 8] |= (uint8_t)(1 << bit % 8);
}

/* Of 16 bytes, those behind which a distance may be: 0xe8 and 0xe9, 0x80 to 0x8f. */
static unsigned opcodes_in(const uint8_t *bytes)
{
	__m128i v = _mm_loadu_si128((const __m128i *)bytes);
	__m128i call = _mm_and_si128(v, _mm_set1_epi8((char)0xfe));
	__m128i jcc = _mm_and_si128(v, _mm_set1_epi8((char)0xf0));
	call = _mm_cmpeq_epi8(call, _mm_set1_epi8((char)CALL_REL32));
	jcc = _mm_cmpeq_epi8(jcc, _mm_set1_epi8((char)JCC_REL32));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(call, jcc));
}

void x86_64_mark_targets(const struct x86_64_code *code, uint8_t *bits, uint64_t low,
			 uint64_t count)
{
	enum { WIDTH = 16 };
	size_t at = 0;
	for (; at + WIDTH <= code->count; at += WIDTH)
		for (unsigned found = opcodes_in(code->bytes + at); found; found &= found - 1)
			mark_target(code, at + 1 + (unsigned)__builtin_ctz(found), bits, low, count);
	for (; at < code->count; at++)
		mark_target(code, at + 1, bits, low, count);
}

bool x86_64_has_jump(const struct x86_64_code *function, uint64_t distance_address)
{
	ZydisDecodedInstruction in;
	size_t offset = distance_address - function->address;
	for (size_t at = 0; at < function->count && at < offset; at += in.length) {
		if (!decode(function->bytes + at, function->count - at, &in))
			return true;
		if (at + in.length > offset)
			return is_relative_branch(&in) && in.raw.imm[0].offset == offset - at;
	}
	return false;
}

/* ---- moving ---- */

/* A 4-byte distance in the new code to the place where an instruction of the old has gone. */
struct inner_branch {
	size_t at;
	size_t old_target; /* offset in the function */
};

struct mover {
	const struct x86_64_code *function;
	struct hook_plan *plan;
	size_t old_from, old_end; /* what moves, as offsets in the function */
	uint8_t code[2 * PLAN_CODE_MAX];
	size_t count;
	uint8_t new_at[PLAN_DISPLACED_MAX + 1]; /* by offset from old_from; 0: no instruction */
	struct inner_branch inner[INSTRUCTIONS_MAX];
	size_t inner_count;
	bool full;     /* did not fit */
	bool ends;     /* the last instruction does not run on */
	size_t pushes; /* where the distance to the pushed return address is; 0: none */
};

static void emit(struct mover *m, const uint8_t *bytes, size_t count)
{
	if (m->count + count > sizeof(m->code)) {
		m->full = true;
		return;
	}
	memcpy(m->code + m->count, bytes, count);
	m->count += count;
}

static void emit_byte(struct mover *m, uint8_t byte)
{
	emit(m, &byte, 1);
}

static void emit_zeros(struct mover *m, size_t count)
{
	static const uint8_t zeros[8];
	emit(m, zeros, count);
}

static void reach(struct hook_plan *plan, uint64_t address)
{
	plan->low = address < plan->low ? address : plan->low;
	plan->high = address > plan->high ? address : plan->high;
}

static void add_fixup(struct mover *m, unsigned kind, size_t at, size_t from, uint64_t target)
{
	struct hook_plan *plan = m->plan;
	if (plan->fixup_count >= PLAN_FIXUPS_MAX || from > PLAN_CODE_MAX) {
		m->full = true;
		return;
	}
	plan->fixups[plan->fixup_count++] = (struct plan_fixup){
		.kind = (uint8_t)kind, .at = (uint8_t)at, .from = (uint8_t)from, .target = target
	};
	reach(plan, target);
}

/* The 4 bytes that end a jump to the target, which may be among what moves. */
static void emit_distance(struct mover *m, uint64_t target)
{
	uint64_t offset = target - m->function->address;
	if (offset < m->old_end) {
		/* The entry's mark stays behind, and jumping to it is jumping behind it. */
		if (offset < m->old_from)
			offset = m->old_from;
		if (m->inner_count == INSTRUCTIONS_MAX) {
			m->full = true;
			return;
		}
		m->inner[m->inner_count++] =
			(struct inner_branch){ .at = m->count, .old_target = offset };
	} else {
		add_fixup(m, PLAN_FIXUP_REL32, m->count, m->count + 4, target);
	}
	emit_zeros(m, 4);
}

/* push return_address(%rip); the call itself becomes a jump. */
static void emit_return_address(struct mover *m)
{
	static const uint8_t push[] = { GROUP_5, GROUP_5_PUSH << 3 | MODRM_RIP_RELATIVE };
	emit(m, push, sizeof(push));
	m->pushes = m->count;
	emit_zeros(m, 4);
	m->plan->flags |= PLAN_PUSHES_RETURN;
}

static enum plan_reason move_call(struct mover *m, uint64_t target)
{
	if (target - m->function->address < m->old_end && target != m->function->address)
		return PLAN_BRANCH_INTO;
	emit_return_address(m);
	emit_byte(m, JMP_REL32);
	add_fixup(m, PLAN_FIXUP_REL32, m->count, m->count + 4, target);
	emit_zeros(m, 4);
	return PLAN_NONE;
}

static enum plan_reason move_branch(struct mover *m, const ZydisDecodedInstruction *in, size_t at)
{
	static const uint8_t over[] = { 2, JMP_REL8, 5 }; /* taken: over the jump that is not */
	uint64_t end = m->function->address + at + in->length;
	uint64_t target = branch_target(in, end);
	for (unsigned i = 0; i < in->raw.prefix_count; i++)
		if (in->raw.prefixes[i].value == OPERAND_SIZE_PREFIX)
			return PLAN_UNMOVABLE; /* cut to 16 bits, on some processors */
	if (is_call(in))
		return move_call(m, target);
	if (in->mnemonic == ZYDIS_MNEMONIC_JMP) {
		emit_byte(m, JMP_REL32);
	} else if (in->opcode >= LOOP_FIRST && in->opcode <= LOOP_LAST && in->length <= 3) {
		if (in->attributes & ZYDIS_ATTRIB_HAS_ADDRESSSIZE)
			emit_byte(m, ADDRESS_SIZE_PREFIX);
		emit_byte(m, in->opcode);
		emit(m, over, sizeof(over));
		emit_byte(m, JMP_REL32);
	} else if (in->meta.category == ZYDIS_CATEGORY_COND_BR &&
		   in->meta.branch_type != ZYDIS_BRANCH_TYPE_NONE &&
		   in->mnemonic != ZYDIS_MNEMONIC_XBEGIN) {
		emit_byte(m, TWO_BYTE);
		emit_byte(m, (uint8_t)(JCC_REL32 | (in->opcode & 0x0f)));
	} else {
		return PLAN_UNMOVABLE; /* xbegin */
	}
	emit_distance(m, target);
	return PLAN_NONE;
}

/* With the return address on the stack what it calls is 8 bytes further from %rsp. */
static bool uses_stack_pointer(const ZydisDecodedInstruction *in)
{
	if (in->raw.modrm.mod == 3)
		return in->raw.modrm.rm == RSP && !in->raw.rex.B;
	return in->raw.modrm.rm == MODRM_SIB && in->raw.sib.base == RSP && !in->raw.rex.B;
}

static enum plan_reason move_plain(struct mover *m, const ZydisDecodedInstruction *in, size_t at)
{
	const uint8_t *bytes = m->function->bytes + at;
	bool call = is_call(in);
	if (call &&
	    (in->opcode != GROUP_5 || in->raw.modrm.reg != GROUP_5_CALL || uses_stack_pointer(in)))
		return PLAN_UNMOVABLE; /* a far call, or one through the stack */
	if (call)
		emit_return_address(m);
	size_t copy = m->count;
	emit(m, bytes, in->length);
	if (m->full)
		return PLAN_UNMOVABLE;
	if (call)
		m->code[copy + in->raw.modrm.offset] ^= (GROUP_5_CALL ^ GROUP_5_JMP) << 3;
	if (!is_rip_relative(in))
		return PLAN_NONE;
	if (in->attributes & ZYDIS_ATTRIB_HAS_ADDRESSSIZE || in->raw.disp.size != 32)
		return PLAN_UNMOVABLE;
	memset(m->code + copy + in->raw.disp.offset, 0, 4);
	add_fixup(m, PLAN_FIXUP_REL32, copy + in->raw.disp.offset, copy + in->length,
		  rip_target(in, m->function->address + at + in->length));
	return PLAN_NONE;
}

static enum plan_reason move_one(struct mover *m, const ZydisDecodedInstruction *in, size_t at)
{
	if (in->mnemonic == ZYDIS_MNEMONIC_INT3)
		return PLAN_UNMOVABLE; /* somebody's breakpoint: it will be taken away again */
	m->new_at[at - m->old_from] = (uint8_t)m->count;
	m->ends = is_last(in) || is_call(in);
	return is_relative_branch(in) ? move_branch(m, in, at) : move_plain(m, in, at);
}

/* Where the instructions of at least `need` bytes end: no jump may lead between them from
 * outside, and this has to be known before any of them is moved. */
static enum plan_reason find_end(struct mover *m, size_t need)
{
	ZydisDecodedInstruction in;
	size_t at = m->old_from;
	while (at < m->old_from + need && at < m->function->count) {
		if (!decode(m->function->bytes + at, m->function->count - at, &in))
			return PLAN_UNDECODABLE;
		at += in.length;
		if (is_call(&in) && at < m->old_from + need && at < m->function->count)
			return PLAN_CALL_INSIDE;
	}
	m->old_end = at;
	return at == m->old_from		       ? PLAN_TOO_SHORT
	       : at - m->old_from > PLAN_DISPLACED_MAX ? PLAN_UNMOVABLE
						       : PLAN_NONE;
}

static enum plan_reason resolve_inner(struct mover *m)
{
	for (size_t i = 0; i < m->inner_count; i++) {
		const struct inner_branch *b = &m->inner[i];
		size_t new_target = m->new_at[b->old_target - m->old_from];
		if (new_target == 0)
			return PLAN_BRANCH_INTO; /* between two instructions */
		plan_put(m->code + b->at, (uint64_t)new_target - (b->at + 4), 4);
	}
	return PLAN_NONE;
}

/* The jump back, and the return address that a call needs. */
static void finish(struct mover *m)
{
	uint64_t end = m->function->address + m->old_end;
	if (!m->ends) {
		emit_byte(m, JMP_REL32);
		add_fixup(m, PLAN_FIXUP_REL32, m->count, m->count + 4, end);
		emit_zeros(m, 4);
	}
	if (m->pushes == 0)
		return;
	emit_zeros(m, -m->count & 7);
	plan_put(m->code + m->pushes, m->count - (m->pushes + 4), 4);
	add_fixup(m, PLAN_FIXUP_ABS64, m->count, m->count, end);
	emit_zeros(m, 8);
}

static enum plan_reason move_all(struct mover *m)
{
	ZydisDecodedInstruction in;
	for (size_t at = m->old_from; at < m->old_end; at += in.length) {
		if (!decode(m->function->bytes + at, m->function->count - at, &in))
			return PLAN_UNDECODABLE;
		enum plan_reason reason = move_one(m, &in, at);
		if (reason != PLAN_NONE)
			return reason;
	}
	return resolve_inner(m);
}

/* What a jump to another function is, and nothing else. */
static void note_stub(const struct mover *m)
{
	ZydisDecodedInstruction in;
	const struct x86_64_code *function = m->function;
	if (!decode(function->bytes + m->old_from, function->count - m->old_from, &in) ||
	    in.mnemonic != ZYDIS_MNEMONIC_JMP || !is_relative_branch(&in))
		return;
	uint64_t target = branch_target(&in, function->address + m->old_from + in.length);
	if (target - function->address < function->count)
		return;
	m->plan->flags |= PLAN_IS_STUB;
	m->plan->stub_target = target;
}

enum plan_reason x86_64_displace(const struct x86_64_code *function, size_t skip, size_t need,
				 struct hook_plan *plan)
{
	struct mover m = { .function = function, .plan = plan, .old_from = skip };
	plan->fixup_count = 0;
	plan->flags = 0;
	plan->low = function->address;
	plan->high = function->address + skip + need;
	enum plan_reason reason = find_end(&m, need);
	if (reason != PLAN_NONE)
		return reason;
	emit(&m, endbr64, sizeof(endbr64));
	reason = move_all(&m);
	if (reason != PLAN_NONE)
		return reason;
	finish(&m);
	if (m.full || m.count > PLAN_CODE_MAX)
		return PLAN_UNMOVABLE;
	memcpy(plan->code, m.code, m.count);
	plan->code_bytes = (uint8_t)m.count;
	plan->displaced_bytes = (uint8_t)(m.old_end - skip);
	note_stub(&m);
	return PLAN_NONE;
}

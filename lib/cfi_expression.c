/* cfi_expression.c - the part of DWARF expressions that call frame information uses.
 *
 * See cfi.h. DWARF 5 section 2.5. Unknown operations fail: the caller then says that the frame
 * cannot be unwound. */
#include "lib/cfi.h"
#include "lib/cfi_reader.h"

enum { STACK_DEPTH = 32 };

enum {
	DW_OP_addr = 0x03,
	DW_OP_deref = 0x06,
	DW_OP_const1u = 0x08,
	DW_OP_const1s = 0x09,
	DW_OP_const2u = 0x0a,
	DW_OP_const2s = 0x0b,
	DW_OP_const4u = 0x0c,
	DW_OP_const4s = 0x0d,
	DW_OP_const8u = 0x0e,
	DW_OP_const8s = 0x0f,
	DW_OP_constu = 0x10,
	DW_OP_consts = 0x11,
	DW_OP_dup = 0x12,
	DW_OP_drop = 0x13,
	DW_OP_over = 0x14,
	DW_OP_swap = 0x16,
	DW_OP_and = 0x1a,
	DW_OP_minus = 0x1c,
	DW_OP_mul = 0x1e,
	DW_OP_neg = 0x1f,
	DW_OP_not = 0x20,
	DW_OP_or = 0x21,
	DW_OP_plus = 0x22,
	DW_OP_plus_uconst = 0x23,
	DW_OP_shl = 0x24,
	DW_OP_shr = 0x25,
	DW_OP_shra = 0x26,
	DW_OP_xor = 0x27,
	DW_OP_eq = 0x29,
	DW_OP_ge = 0x2a,
	DW_OP_gt = 0x2b,
	DW_OP_le = 0x2c,
	DW_OP_lt = 0x2d,
	DW_OP_ne = 0x2e,
	DW_OP_lit0 = 0x30,
	DW_OP_lit31 = 0x4f,
	DW_OP_breg0 = 0x70,
	DW_OP_breg16 = 0x80,
	DW_OP_bregx = 0x92,
	DW_OP_nop = 0x96,
};

struct stack {
	uintptr_t values[STACK_DEPTH];
	unsigned depth;
	bool bad;
};

static void push(struct stack *s, uintptr_t value)
{
	if (s->depth == STACK_DEPTH)
		s->bad = true;
	else
		s->values[s->depth++] = value;
}

static uintptr_t pop(struct stack *s)
{
	if (s->depth == 0) {
		s->bad = true;
		return 0;
	}
	return s->values[--s->depth];
}

static void push_constant(struct stack *s, struct reader *r, uint8_t op)
{
	switch (op) {
	case DW_OP_const1u:
		push(s, reader_u8(r));
		break;
	case DW_OP_const1s:
		push(s, (uintptr_t)(intptr_t)(int8_t)reader_u8(r));
		break;
	case DW_OP_const2u:
		push(s, reader_u16(r));
		break;
	case DW_OP_const2s:
		push(s, (uintptr_t)(intptr_t)(int16_t)reader_u16(r));
		break;
	case DW_OP_const4u:
		push(s, reader_u32(r));
		break;
	case DW_OP_const4s:
		push(s, (uintptr_t)(intptr_t)(int32_t)reader_u32(r));
		break;
	case DW_OP_constu:
		push(s, reader_uleb(r));
		break;
	case DW_OP_consts:
		push(s, (uintptr_t)reader_sleb(r));
		break;
	default: /* DW_OP_addr, DW_OP_const8u, DW_OP_const8s */
		push(s, reader_little_endian(r, 8));
	}
}

static uintptr_t binary(uint8_t op, uintptr_t a, uintptr_t b)
{
	switch (op) {
	case DW_OP_and:
		return a & b;
	case DW_OP_minus:
		return a - b;
	case DW_OP_mul:
		return a * b;
	case DW_OP_or:
		return a | b;
	case DW_OP_plus:
		return a + b;
	case DW_OP_shl:
		return b < 64 ? a << b : 0;
	case DW_OP_shr:
		return b < 64 ? a >> b : 0;
	case DW_OP_shra:
		return (uintptr_t)((intptr_t)a >> (b < 63 ? b : 63));
	case DW_OP_xor:
		return a ^ b;
	case DW_OP_eq:
		return a == b;
	case DW_OP_ge:
		return (intptr_t)a >= (intptr_t)b;
	case DW_OP_gt:
		return (intptr_t)a > (intptr_t)b;
	case DW_OP_le:
		return (intptr_t)a <= (intptr_t)b;
	case DW_OP_lt:
		return (intptr_t)a < (intptr_t)b;
	default: /* DW_OP_ne */
		return a != b;
	}
}

static void push_memory(struct stack *s, const struct cfi_memory *memory, uintptr_t address)
{
	if (address < memory->low || address > memory->high - sizeof(uintptr_t)) {
		s->bad = true;
		return;
	}
	uintptr_t value;
	__builtin_memcpy(&value, (const void *)address, sizeof(value));
	push(s, value);
}

static void push_register(struct stack *s, struct reader *r, const uintptr_t *registers,
			  uint64_t number)
{
	int64_t offset = reader_sleb(r);
	if (number >= CFI_REGISTERS)
		s->bad = true;
	else
		push(s, registers[number] + (uintptr_t)offset);
}

static void run_stack_op(struct stack *s, uint8_t op)
{
	uintptr_t b = pop(s), a;
	switch (op) {
	case DW_OP_drop:
		return;
	case DW_OP_dup:
		push(s, b);
		push(s, b);
		return;
	case DW_OP_neg:
		push(s, -b);
		return;
	case DW_OP_not:
		push(s, ~b);
		return;
	case DW_OP_over:
		a = pop(s);
		push(s, a);
		push(s, b);
		push(s, a);
		return;
	case DW_OP_swap:
		a = pop(s);
		push(s, b);
		push(s, a);
		return;
	default:
		a = pop(s);
		push(s, binary(op, a, b));
	}
}

static bool is_stack_op(uint8_t op)
{
	return (op >= DW_OP_dup && op <= DW_OP_swap && op != 0x15) || op == DW_OP_and ||
	       (op >= DW_OP_minus && op <= DW_OP_plus && op != 0x1d) ||
	       (op >= DW_OP_shl && op <= DW_OP_xor) || (op >= DW_OP_eq && op <= DW_OP_ne);
}

bool cfi_evaluate(const uint8_t *expression, size_t bytes, const uintptr_t *registers,
		  const struct cfi_memory *memory, bool push_initial, uintptr_t initial,
		  uintptr_t *result)
{
	struct reader r = { expression, expression, expression + bytes, false };
	struct stack s = { .depth = 0 };
	if (push_initial)
		push(&s, initial);
	while (r.at < r.end && !r.bad && !s.bad) {
		uint8_t op = reader_u8(&r);
		if (op >= DW_OP_lit0 && op <= DW_OP_lit31)
			push(&s, op - DW_OP_lit0);
		else if (op >= DW_OP_breg0 && op <= DW_OP_breg16)
			push_register(&s, &r, registers, op - DW_OP_breg0);
		else if (op == DW_OP_bregx)
			push_register(&s, &r, registers, reader_uleb(&r));
		else if (op == DW_OP_addr || (op >= DW_OP_const1u && op <= DW_OP_consts))
			push_constant(&s, &r, op);
		else if (op == DW_OP_deref)
			push_memory(&s, memory, pop(&s));
		else if (op == DW_OP_plus_uconst)
			push(&s, pop(&s) + reader_uleb(&r));
		else if (is_stack_op(op))
			run_stack_op(&s, op);
		else if (op != DW_OP_nop)
			return false;
	}
	*result = pop(&s);
	return !r.bad && !s.bad;
}

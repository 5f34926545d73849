/* unwind_full.c - the unwinder for frames that a 32-bit rule cannot express.
 *
 * See unwind.h. Keeps all registers and evaluates CFI rows in full, frame by frame from inside
 * the runtime, because registers that a hook has saved are known only there. Some microseconds
 * a stack; hand-written assembly is what needs it. */
#include "lib/unwind.h"

struct frame {
	uintptr_t registers[CFI_REGISTERS];
	bool exact_pc;
};

static bool load(const struct cfi_memory *memory, uintptr_t address, uintptr_t *value)
{
	if (address < memory->low || address > memory->high - sizeof(uintptr_t) || address & 7)
		return false;
	*value = *(const uintptr_t *)address;
	return true;
}

static bool find_cfa(const struct cfi_row *row, const struct frame *f,
		     const struct cfi_memory *memory, uintptr_t *cfa)
{
	if (row->cfa_expression)
		return cfi_evaluate(row->cfa_expression, row->cfa_expression_bytes, f->registers,
				    memory, false, 0, cfa);
	*cfa = f->registers[row->cfa_register] + (uintptr_t)row->cfa_offset;
	return true;
}

static bool apply_rule(const struct cfi_rule *rule, const struct frame *f, uintptr_t cfa,
		       const struct cfi_memory *memory, uintptr_t *value)
{
	uintptr_t address;
	switch ((enum cfi_how)rule->how) {
	case CFI_SAME:
	case CFI_UNDEFINED:
		return true;
	case CFI_AT_CFA_OFFSET:
		return load(memory, cfa + (uintptr_t)rule->offset, value);
	case CFI_IS_CFA_OFFSET:
		*value = cfa + (uintptr_t)rule->offset;
		return true;
	case CFI_IN_REGISTER:
		if (rule->offset < 0 || rule->offset >= CFI_REGISTERS)
			return false;
		*value = f->registers[rule->offset];
		return true;
	case CFI_AT_EXPRESSION:
		return cfi_evaluate(rule->expression, rule->expression_bytes, f->registers, memory,
				    true, cfa, &address) &&
		       load(memory, address, value);
	case CFI_IS_EXPRESSION:
		return cfi_evaluate(rule->expression, rule->expression_bytes, f->registers, memory,
				    true, cfa, value);
	}
	return false;
}

static bool step_by_frame_pointer(struct frame *f, const struct cfi_memory *memory)
{
	uintptr_t rbp = f->registers[CFI_RBP];
	if (rbp < f->registers[CFI_RSP] || !load(memory, rbp + 8, &f->registers[CFI_RA]) ||
	    !load(memory, rbp, &f->registers[CFI_RBP]))
		return false;
	f->registers[CFI_RSP] = rbp + 16;
	f->exact_pc = false;
	return f->registers[CFI_RA] != 0;
}

/* To the caller. *end is set at the outermost frame. */
static bool step(struct frame *f, const struct cfi_memory *memory, struct cfi_scratch *scratch,
		 bool *end)
{
	bool is_new;
	uintptr_t pc = f->registers[CFI_RA] - (f->exact_pc ? 0 : 1);
	const struct module *m = &modules[modules_find(pc, &is_new)];
	struct cfi_row row;
	*end = false;
	if (!m->eh_frame_hdr || !cfi_find_row(m->start, m->end, m->eh_frame_hdr, pc, scratch, &row))
		return step_by_frame_pointer(f, memory);
	uintptr_t cfa;
	*end = row.rules[CFI_RA].how == CFI_UNDEFINED;
	if (*end || !find_cfa(&row, f, memory, &cfa))
		return false;
	struct frame next = *f;
	next.registers[CFI_RSP] = cfa;
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		if (!apply_rule(&row.rules[i], f, cfa, memory, &next.registers[i])) {
			/* gcc leaves rbp's rule standing in an epilogue that has already popped
			 * it; only what a frame further out really uses may end the walk. */
			if (i == CFI_RA)
				return false;
			next.registers[i] = 0;
		}
	next.exact_pc = row.signal_frame;
	bool went_on = next.registers[CFI_RSP] > f->registers[CFI_RSP] || row.signal_frame;
	*f = next;
	return went_on && f->registers[CFI_RA] != 0;
}

AT_NOINLINE unsigned unwind_full(uintptr_t first_cfa, const struct cfi_memory *memory,
				 struct cfi_scratch *scratch, uintptr_t *pcs, unsigned max,
				 bool *complete)
{
	struct frame f = { .exact_pc = true };
	uintptr_t *r = f.registers;
	/* What a function has to preserve, at 8 * DWARF number. */
	__asm__ volatile("movq %%rbx, 24(%0)\n\t"
			 "movq %%rbp, 48(%0)\n\t"
			 "movq %%rsp, 56(%0)\n\t"
			 "movq %%r12, 96(%0)\n\t"
			 "movq %%r13, 104(%0)\n\t"
			 "movq %%r14, 112(%0)\n\t"
			 "movq %%r15, 120(%0)\n\t"
			 "leaq 1f(%%rip), %%rcx\n"
			 "1:\tmovq %%rcx, 128(%0)\n\t"
			 :
			 : "r"(r)
			 : "rcx", "memory");
	unsigned n = 0;
	bool end = false;
	while (n < max && step(&f, memory, scratch, &end))
		if (r[CFI_RSP] >= first_cfa || n > 0)
			pcs[n++] = r[CFI_RA] - (f.exact_pc ? 0 : 1);
	*complete = end;
	return n;
}

unsigned unwind_full_from(const uintptr_t *registers, const struct cfi_memory *memory,
			  struct cfi_scratch *scratch, uintptr_t *pcs, unsigned max, bool *complete)
{
	struct frame f = { .exact_pc = true };
	unsigned n = 0;
	bool end = false;
	__builtin_memcpy(f.registers, registers, sizeof(f.registers));
	do
		pcs[n++] = f.registers[CFI_RA] - (f.exact_pc ? 0 : 1);
	while (n < max && step(&f, memory, scratch, &end));
	*complete = end;
	return n;
}

/* cfi.h - call frame information: how to find the caller of the code at an address.
 *
 * Inside the traced process; signal-safe; reads only the module's own .eh_frame in memory.
 * Sources: DWARF 5 section 6.4, the x86-64 psABI (register numbers, section 3.6.2), the LSB's
 * description of .eh_frame_hdr.
 *
 * The runtime evaluates CFI itself, an address at a time and on demand, and caches the result as
 * a 32-bit rule (unwind.h): about 0.4 us once per return address, against 0.1-0.3 s to compile
 * the tables of a large program before it starts. Nothing has to be waited for, and it works
 * without a collector. */
#ifndef ALLOCTRACE_LIB_CFI_H
#define ALLOCTRACE_LIB_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* DWARF numbers of the x86-64 registers that matter here (psABI figure 3.36). */
enum cfi_register {
	CFI_RBP = 6,
	CFI_RSP = 7,
	CFI_RA = 16,
	CFI_REGISTERS
};

enum cfi_how {
	CFI_SAME = 0,       /* the callee did not change it (also: not mentioned) */
	CFI_UNDEFINED,      /* cannot be recovered; for RA: the outermost frame */
	CFI_AT_CFA_OFFSET,  /* saved at CFA + offset */
	CFI_IS_CFA_OFFSET,  /* is CFA + offset */
	CFI_IN_REGISTER,    /* is in register `offset` */
	CFI_AT_EXPRESSION,  /* saved at the address that the expression gives */
	CFI_IS_EXPRESSION,  /* is what the expression gives */
};

struct cfi_rule {
	uint32_t how; /* enum cfi_how */
	uint32_t expression_bytes;
	union {
		int64_t offset;
		const uint8_t *expression; /* in the module */
	};
};

struct cfi_row {
	/* CFA = register cfa_register + cfa_offset, or cfa_expression when that is not NULL. */
	uint8_t cfa_register;
	int64_t cfa_offset;
	const uint8_t *cfa_expression;
	uint32_t cfa_expression_bytes;
	bool signal_frame; /* the frame is a signal trampoline: the pc below it is exact */
	struct cfi_rule rules[CFI_REGISTERS];
};

enum { CFI_REMEMBER_DEPTH = 6 };

/* Working memory of cfi_find_row(): some 3 KB that do not belong on the stack of a program that
 * may have made it small. */
struct cfi_scratch {
	struct cfi_row initial; /* after the CIE's part, for DW_CFA_restore */
	struct cfi_row remembered[CFI_REMEMBER_DEPTH];
};

/* Finds the row for pc in a module whose memory is [start, end) and whose .eh_frame_hdr is at
 * hdr. Returns false when there is none or it makes no sense. */
bool cfi_find_row(uintptr_t start, uintptr_t end, const uint8_t *hdr, uintptr_t pc,
		  struct cfi_scratch *scratch, struct cfi_row *row);

/* Reads of the stack by an expression go through this; returns false outside what is known to be
 * readable. */
struct cfi_memory {
	uintptr_t low, high;
};

/* Evaluates a DWARF expression with `initial` on the stack if push_initial. */
bool cfi_evaluate(const uint8_t *expression, size_t bytes, const uintptr_t *registers,
		  const struct cfi_memory *memory, bool push_initial, uintptr_t initial,
		  uintptr_t *result);

#endif

/* call_site.h - whom a call instruction in an ELF file calls: a symbol that the dynamic linker
 * binds, the file's own code, or what a pointer holds.
 *
 * x86-64; of other machines' files nothing is known. Files may be hostile. */
#ifndef ALLOCTRACE_ELF_CALL_SITE_H
#define ALLOCTRACE_ELF_CALL_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"

enum call_kind {
	CALL_UNKNOWN, /* there is no call, or none that is understood */
	CALL_SYMBOL,  /* bound at run time: by a slot of the global offset table */
	CALL_OWN,     /* of the file's own code, bound when it was linked */
	CALL_POINTER, /* by a register or memory that no symbol is bound to */
};

enum { CALL_SYMBOL_BYTES = 128 };

struct call_site {
	enum call_kind kind;
	char symbol[CALL_SYMBOL_BYTES]; /* CALL_SYMBOL: its name, cut if longer */
	uint64_t target;		/* CALL_OWN: virtual address in the file */
	bool by_resolver; /* CALL_OWN: chosen when the program starts (IFUNC); target is what
			     chooses */
};

/* The call that ends right before `return_address`, a virtual address in the file. */
void call_site_read(struct call_site *out, const struct elf_file *file, uint64_t return_address);

/* What a call or jump to `target` reaches in the end: through stubs, perhaps a symbol. */
void call_site_target(struct call_site *out, const struct elf_file *file, uint64_t target);
/* And one by the pointer at `slot`. */
void call_site_slot(struct call_site *out, const struct elf_file *file, uint64_t slot);

/* The name of the exported function that has the address in it; false if there is none. */
bool call_site_function(const struct elf_file *file, uint64_t address,
			char name[CALL_SYMBOL_BYTES]);

#endif

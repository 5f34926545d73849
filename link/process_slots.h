/* process_slots.h - what a process's own tables (GOT) say about who its allocation symbols are
 * bound to, and what that tells of how its libraries were opened.
 *
 * The list of modules that a dynamic linker shows to debuggers does not tell with which flags a
 * library was opened; a symbol that is bound as only RTLD_GLOBAL or RTLD_DEEPBIND can explain does.
 */
#ifndef ALLOCTRACE_LINK_PROCESS_SLOTS_H
#define ALLOCTRACE_LINK_PROCESS_SLOTS_H

#include "link/linked.h"
#include "link/process_image.h"

/* One place in a module's memory that the dynamic linker fills in. */
struct process_slot {
	size_t symbol;	/* in the module's file.symbols */
	uint64_t value; /* without the addend */
	bool for_call;
	bool is_lazy;	  /* not bound before the first call */
	bool is_variable; /* the program may write to it: it need not be what was put in */
};

struct process_slots {
	struct process_slot *items;
	size_t count, cap;
};

/* A process's modules, in the order of struct linked's. */
struct process_view {
	const struct process_memory *memory;
	struct process_image *images;
	struct process_slots *slots;
};

/* Reads the module's slots of allocation symbols. */
void process_slots_read(struct process_view *view, const struct linked *l, size_t module,
			const struct elf_file *file);
/* Says of imports what the slots hold, after linked_bind(). */
void process_slots_tell(const struct process_view *view, struct linked *l);
/* Guesses from the slots which libraries were opened with RTLD_GLOBAL or RTLD_DEEPBIND: sets the
 * flags where that explains more of them. */
void process_slots_guess_modes(const struct process_view *view, struct linked *l);

#endif

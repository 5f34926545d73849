/* hook_plan.h - plans for inline hooks (wire/plan.h) of functions in an ELF file.
 *
 * A planner knows where the file's functions are, from its symbols and unwind tables, and makes a
 * plan for the function at an address, or says why there can be none. It rather refuses than hooks
 * a function of which it does not know everything: a wrong patch crashes the program. Files may be
 * hostile: the plan may then be wrong, but the bytes that it expects will not be there.
 *
 * What is looked at for a plan: all of the function's instructions (what jumps back into the first
 * ones), the tables of its computed jumps, every 32-bit jump in the file, all jumps of the
 * functions within reach of a short one, and what lies behind a function that is shorter than a
 * jump. */
#ifndef ALLOCTRACE_ELF_HOOK_PLAN_H
#define ALLOCTRACE_ELF_HOOK_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"
#include "wire/plan.h"

struct hook_planner;

/* The file stays open as long as the planner is there. Never fails: of a file that cannot be used
 * every plan is refused. */
struct hook_planner *hook_planner_new(const struct elf_file *file);
void hook_planner_free(struct hook_planner *planner);

/* One more file with symbols of the same code (a debug file). Before the first plan. */
void hook_planner_add_symbols(struct hook_planner *planner, const struct elf_file *symbols);

/* Plans a hook of the function that begins at the virtual address. *plan is always filled in: with
 * the reason, which is also returned, and with `function`. */
enum plan_reason hook_plan_make(struct hook_planner *planner, uint64_t address,
				struct hook_plan *plan);

/* The addresses where functions begin, in order, each once: the next one from `address` on. False
 * when there is none. */
bool hook_planner_next(struct hook_planner *planner, uint64_t address, uint64_t *function);

#endif

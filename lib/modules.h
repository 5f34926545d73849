/* modules.h - which loaded file a code address belongs to.
 *
 * Inside the traced process; signal-safe, takes no loader lock: glibc's _dl_find_object (since
 * 2.35) is lock-free. dlclose bumps the epoch, by which everything cached per code address goes
 * stale. */
#ifndef ALLOCTRACE_LIB_MODULES_H
#define ALLOCTRACE_LIB_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct module {
	uintptr_t start, end; /* its memory */
	uintptr_t bias;       /* load bias: address minus ELF virtual address */
	const uint8_t *eh_frame_hdr; /* NULL if it has none */
	uint32_t id;          /* index in the session's module table */
	bool gone;            /* perhaps unloaded; comes back if it is found again as it was */
};

enum { MODULES_MAX = 4096, MODULE_ANONYMOUS = 0 };

/* Entry 0 is the process's "anonymous" module (start = end = bias = 0): code outside all files.
 * Entries are never moved or reused for another file while a process lasts. */
extern AT_HIDDEN struct module modules[MODULES_MAX];

/* The index in `modules` of the one that pc is in. *is_new is set when it was not known before
 * and has to be announced with an event. */
uint32_t modules_find(uintptr_t pc, bool *is_new);

/* The one that pc was in when modules_epoch was `epoch`, perhaps gone since; MODULE_ANONYMOUS if that is
 * not certain. */
uint32_t modules_at(uintptr_t pc, uint16_t epoch);

/* What kind of memory of m's file address is: the flags (PF_X, PF_W, ...) of its segment; false if
 * it lies in none. */
bool modules_segment_flags(const struct module *m, uintptr_t address, uint32_t *flags);

struct link_map;

struct module_range {
	uintptr_t start, end;
};

/* The loader's record of the module that address is in, and its memory; NULL if there is none. */
const struct link_map *modules_map(uintptr_t address, struct module_range *range);

/* The i-th stretch of read-only memory that comes from the module's file; *low is NULL for other
 * segments. False when there are no more. */
bool modules_read_only(const struct link_map *map, unsigned i, const uint8_t **low,
		       const uint8_t **high);

/* Another number when a module was loaded; and all that are now, those of all namespaces. Both take the
 * loader's lock, except in the child of a fork. */
uint64_t modules_loads(void);
void modules_each(void (*tell)(const struct link_map *map, void *context), void *context);

/* Does the work while the lists of modules stand still: under the loader's lock, as above. */
void modules_hold(void (*work)(void *context), void *context);

/* The loader's record of an entry of `modules`, if it is still that; from modules_hold(). */
const struct link_map *modules_record(const struct module *m);

/* How many entries of `modules` are in use. */
uint32_t modules_count(void);

/* Looks through all that is loaded now, also what no stack has led to, and notes it in the session
 * memory (struct session_loaded). Takes the loader's lock, so not from a hook that records: at the
 * start, at exit, and where dlclose() will take it anyway. With the guard taken or signals blocked: a
 * handler's event would wait for the lock of the modules. */
void modules_note_loaded(void);

/* Changes whenever code may have been unmapped; begins at 1. */
extern AT_HIDDEN uint16_t modules_epoch;
enum { MODULES_FIRST_EPOCH = 1 };
void modules_unloaded(void);

/* In the child of a fork: anonymous code gets a module of its own; what the parent has loaded it has,
 * too. */
void modules_forked(void);

#endif

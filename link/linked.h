/* linked.h - a program with all that is linked to it at run time, and who each of its allocation
 * symbols is bound to.
 *
 * Filled from files, by doing what the dynamic linker would do (link_files.h), or from a living
 * process (link_process.h). Says nothing to the user: see diagnosis.h and report/linked_report.h.
 */
#ifndef ALLOCTRACE_LINK_LINKED_H
#define ALLOCTRACE_LINK_LINKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/allocators.h"
#include "elf/binding_search.h"
#include "elf/bindings.h"
#include "elf/elf_file.h"
#include "elf/thread_storage.h"

enum linked_origin {
	LINKED_FILES,	/* as the dynamic linker would, were it started now */
	LINKED_PROCESS, /* as it did */
	LINKED_TRACE,	/* as it would have then, from what a trace has of its modules */
};

/* How a module's file was found, as ld.so(8) has it. */
enum linked_found {
	LINKED_NOT_FOUND,
	LINKED_NAMED,	       /* the program itself, or by a name with a slash */
	LINKED_BY_RPATH,       /* DT_RPATH of the module that needs it, or of one above */
	LINKED_BY_ENVIRONMENT, /* LD_LIBRARY_PATH */
	LINKED_BY_RUNPATH,     /* DT_RUNPATH of the module that needs it */
	LINKED_BY_CACHE,       /* /etc/ld.so.cache */
	LINKED_BY_DEFAULT,     /* /lib, /usr/lib and theirs */
	LINKED_IN_PROCESS,     /* a living process has it */
};

enum linked_slot {
	LINKED_SLOT_UNREAD, /* no process, or its memory could not be read */
	LINKED_SLOT_LAZY,   /* not bound before the first call */
	LINKED_SLOT_BOUND,
};

/* A symbol that a module searches for, and who it is bound to: one that it imports, or one that it
 * defines itself and refers to in a way that leaves the choice to the dynamic linker. */
struct linked_import {
	size_t symbol;		/* in file.symbols */
	bool for_call;		/* else for its address; there may be one of each */
	struct binding binding; /* as the search finds it */
	/* What the process really holds. */
	enum linked_slot slot;
	uint64_t value;	     /* LINKED_SLOT_BOUND: the address */
	size_t value_module; /* that it lies in; SIZE_MAX: none */
	bool differs;	     /* it is not what the search finds */
	bool is_known;	     /* it was so in the look before: see linked_news.h */
};

enum linked_mark {
	LINKED_EXECUTABLE_STACK = 1,
	LINKED_SETUID = 2, /* or set-group-id, or with capabilities */
};

struct linked_module {
	char *path;	  /* of the file; as it was asked for where it was not found */
	char *problem;	  /* why there is nothing of it; NULL: none */
	char *note;	  /* what is unusual about its file; NULL: nothing */
	bool is_known;	  /* it was there in the look before */
	size_t wanted_by; /* the module that needs it; SIZE_MAX: the program, preloaded or opened */
	enum linked_found found_by;
	uint32_t flags; /* enum binding_module_flag */
	uint32_t space; /* namespace; 0 is the program's */
	uint64_t bias;	/* in the process: what is added to the file's addresses */
	uint32_t marks; /* enum linked_mark */
	struct bindings file;
	struct elf_build_id build_id;
	struct allocators found;
	/* In `found`: what Rust's allocations in it go to, by its #[global_allocator]; SIZE_MAX:
	 * none inside it, or not known. */
	size_t rust_allocator;
	struct thread_storage tls;
	bool looks_up;	/* it calls dlsym() */
	uint64_t given; /* strdup() and its like that it calls: given_blocks_name() */
	struct linked_import *imports;
	size_t import_count, import_cap;
};

/* Of one program. Modules are in the order of loading, the program (or the library that was named)
 * first. */
struct linked {
	enum linked_origin origin;
	char *name;	  /* the program's path */
	int pid;	  /* 0: no process */
	char *when;	  /* at which point of a run; NULL: now */
	bool is_in_flux;  /* the process opened or closed libraries while it was looked at */
	uint16_t machine; /* e_machine */
	uint8_t bits;
	char *interpreter;	/* PT_INTERP; NULL: none */
	bool lacks_interpreter; /* the dynamic linker that it needs is not on this machine */
	struct linked_module *modules;
	size_t count, cap;
	struct diagnosed *diagnosed; /* by diagnose(); NULL: not asked for */
};

struct diagnosed;

/* Adds a module, empty but for the path (a copy is taken). The pointer is good until the next. */
struct linked_module *linked_add(struct linked *l, const char *path);
/* Reads what the file says of itself: bindings, build-id, allocators, TLS, marks. */
void linked_read_file(struct linked *l, size_t module, const struct elf_file *file,
		      struct allocator_finder *finder);
/* Searches who each module's imports are bound to, when all modules are there. */
void linked_bind(struct linked *l);
/* Who the module's symbol of that name is bound to, to be called; also of one that it does not
 * import. */
struct binding linked_search(const struct linked *l, size_t module, const char *name);
/* The allocator in the module that others can call by name; NULL: none. */
const struct allocator *linked_allocator_of(const struct linked_module *m);
/* Whether the import is of an allocator: malloc and the like, an operator, or a function of the API
 * of the allocator that it is bound to. The rest only sounds like one (EVP_PKEY_free). */
bool linked_is_told(const struct linked *l, const struct linked_module *m,
		    const struct linked_import *import);
/* malloc, operator delete: what several allocators define by the same name. */
bool linked_is_common(const char *symbol);
/* Whether the first module is a program, not a library that was named. */
bool linked_is_program(const struct linked *l);
/* The module whose function is called in the end: the address of a function may be that of a stub
 * in the program, which calls the one that the program is bound to. SIZE_MAX: none. */
size_t linked_served_by(const struct linked *l, const struct linked_module *m,
			const struct linked_import *import);
void linked_release(struct linked *l);

#endif

/* points.h - hook points: functions of allocators that are hooked inline, and their instances.
 *
 * Inside the traced process. An *instance* is an allocator's code in one module: its functions are
 * hooked where they begin (inline_patch.h), so it does not matter how a call gets there. The tool
 * finds the functions and plans the hooks (struct session_hook); modules are asked for at the start
 * and whenever the dynamic linker has loaded something, before its constructors run.
 *
 * The instance whose functions the runtime interposes by name is allocator 0, the program's heap. They
 * are hooked too, since a program may get to them otherwise (by another name that they have, RTLD_DEEPBIND,
 * dlsym); the runtime calls their originals. The C library's only when there is need, points_hook_libc(). */
#ifndef ALLOCTRACE_LIB_POINTS_H
#define ALLOCTRACE_LIB_POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/inline_patch.h"
#include "lib/modules.h"
#include "wire/roles.h"
#include "wire/session.h"

enum { POINT_ARGUMENTS = 6, POINT_NAME_BYTES = 96 };

/* Which argument is what, or -1: see wire/functions.def. */
struct point_arguments {
	int8_t size, count, block, align, out;
	int8_t room; /* where the result lies if it is not NULL; then it is no block */
	int8_t heap;  /* that is destroyed */
	int8_t within; /* the heap that the block is made in */
	int8_t other; /* a function that gets what is not this allocator's */
	int8_t all;   /* how many */
	uint8_t how;  /* enum point_how */
};

enum point_how {
	POINT_PLAIN,
	POINT_TEXT,	/* the block is as large as the text in it */
	POINT_TEXT16,	/* the same, of two bytes a character */
	POINT_EXPANDS,	/* the block is resized where it is, or NULL is returned and nothing happens
			 */
	POINT_RESIZES,	/* the same; the size that it has then is returned */
	POINT_FREES,	/* a block that cannot be moved is freed */
	POINT_INDIRECT, /* the argument is where the block is stored; an error number is returned */
	POINT_DESTROYS, /* all blocks of a heap are gone */
	POINT_CONTROLS, /* the same, perhaps: the argument is what jemalloc's mallctl() is to do */
	POINT_CONTROLS_MIB, /* the same in numbers */
};

/* What a call of the function is about, of its role and arguments. */
enum point_act { POINT_MAKE, POINT_MOVE, POINT_RELEASE, POINT_QUERY, POINT_DESTROY };

struct instance {
	uint32_t module; /* index in `modules` */
	uint8_t number;	 /* which allocator of the module */
	bool announced;	 /* the tool knows its name */
	bool own_file;	 /* the module is nothing but the allocator: its calls are its own business.
			  * Not libc: strdup() makes a block for its caller */
	bool is_seen_whole; /* all ways to get a block of it and to give one back are hooked */
	bool is_by_user; /* of a family that the user has named */
	bool has_own;	 /* by the user: it has made blocks that are not another allocator's */
	uintptr_t visit; /* its function that tells the blocks of a heap, or of jemalloc the numbers
			  * of a name; or 0 */
	bool is_libc;	 /* a C library's own */
	uint32_t allocator; /* in events and in the block table; 0: the program's heap */
	/* wrappers.h: of a family the twin, once there is one; of a twin the family, and the allocator
	 * that it hands on to. */
	struct instance *twin;
	const struct instance *outer;
	uint32_t inner;
	char name[POINT_NAME_BYTES];
};

struct point {
	struct inline_patch patch; /* begins with what hooks_inline.c's assembly jumps to */
	uintptr_t function;
	enum role role;
	struct point_arguments arguments;
	struct instance *instance; /* NULL: no allocator's function */
	uint32_t module;	   /* index in `modules` */
	uint16_t hook;		   /* of the session, + 1 */
	enum point_act act;
	uint8_t flags;		   /* enum session_hook_flag */
	bool is_kept;		   /* a keeper's frame lies before the hook's */
};

/* The program gets at libc's own functions past the runtime's: a library with a scope of its own, or
 * dlsym. They are hooked inline from now on. */
void points_hook_libc(void);

/* Has that been called? The C++ library's operators may be reached so, too, and they are not hooked. */
bool points_are_passed(void);

/* Hooks the functions of the modules that are known and have not been looked at, and those whose
 * module has been unloaded and come back. At the start with signals blocked, later under the loader's
 * lock and with the guard GUARD_BUSY. */
void points_hook_new(void);

/* The original of an allocator's malloc, realloc, free or malloc_usable_size, as C has them, to be
 * called in the program's stead (of allocator 0 the backend's); NULL if there is none, or its module
 * is gone. */
void *points_function(uint32_t allocator, enum role role);

/* The first of the number (several have number 0); NULL: there is none. */
const struct instance *points_instance(uint32_t allocator);

/* The twin of a family's instance (wrappers.h), made if there is none; NULL: there is no room. */
struct instance *points_twin(struct instance *family, uint32_t inner);

/* "jemalloc 5.3.0 in libplug.so"; NULL if the allocator is not known. */
const char *points_name(uint32_t allocator);

/* Does the allocator call itself? Not where it is linked into something that uses it: that is not to
 * be told from the program. */
static inline bool points_is_inner_call(const struct instance *i, uintptr_t caller)
{
	const struct module *m = &modules[i->module];
	return i->own_file && caller >= m->start && caller < m->end;
}

/* Is an allocator that is known in the module (an index in `modules`), and serves the program's malloc? */
bool points_serve_malloc(uint32_t module);

/* Is the function that begins at the address hooked? */
bool points_have(uintptr_t function);

/* Whose function begins at the address; NULL if no allocator's that is hooked does. */
struct instance *points_instance_of(uintptr_t function);

/* The C library's own allocator, where it is not the program's heap and is hooked; else 0. */
uint32_t points_libc(void);

/* Does the module's file have an allocator that is not hooked, because nobody finds its functions? Asks
 * the tool the first time, which takes some ms. CARRIED_HIDDEN: *allocator is its number then. */
enum session_carried points_carried_by(uint32_t module, uint32_t *allocator);

/* The instance of this number if the tool has yet to be told its name; NULL the next time. */
struct instance *points_unannounced(uint32_t allocator);

/* Is the allocator of the program's heap of a kind that is known? Else it may hand on to another. */
bool points_serve_heap(void);

/* Is the code of the allocator gone (dlclose)? */
bool points_are_gone(uint32_t allocator);

/* Are all the functions known that make and release the allocator's blocks? Of one of an unknown kind
 * there may be others beside malloc and its like, for the code that it is linked into. */
bool points_see_whole(uint32_t allocator);

#endif

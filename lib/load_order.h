/* load_order.h - in which order the modules were loaded, in which namespace, and how they were
 * opened: what the tool explains by why a symbol is bound to what it is bound to (struct
 * session_load).
 *
 * Inside the traced process, with the guard taken or signals blocked; one walk of modules.c at a
 * time. */
#ifndef ALLOCTRACE_LIB_LOAD_ORDER_H
#define ALLOCTRACE_LIB_LOAD_ORDER_H

#include <stdbool.h>
#include <stdint.h>

struct link_map;

/* The calling thread is about to open a file, which may be NULL, with this mode. */
void load_order_opening(const char *file, uint32_t mode);

/* A walk through all modules, those of a namespace together and in the loader's order. index and id
 * are of `modules` and of the session. */
void load_order_begin(void);
void load_order_note(const struct link_map *map, uint32_t index, uint32_t id);
/* What the entry of `modules` is has been unloaded. */
void load_order_gone(uint32_t index);
void load_order_end(void);

/* In the child of a fork: what its parent's record says is so in the child, too. */
void load_order_forked(void);

#endif

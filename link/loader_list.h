/* loader_list.h - the modules of another process as its dynamic linker lists them for debuggers
 * (struct r_debug of link.h), of all namespaces.
 *
 * Only what is public of the list is used. The process runs on meanwhile: a list that was being
 * changed is read again. */
#ifndef ALLOCTRACE_LINK_LOADER_LIST_H
#define ALLOCTRACE_LINK_LOADER_LIST_H

#include "inject/process_memory.h"

struct loader_module {
	uint64_t bias;
	uint64_t dynamic; /* address of its dynamic section */
	uint32_t space;	  /* namespace; 0 is the program's */
	char *name;	  /* path; "" for the program, and for what the kernel provides */
};

/* Namespace after namespace, each in the order of loading. */
struct loader_list {
	struct loader_module *modules;
	size_t count, cap;
	uint64_t brk;	    /* called at each change */
	bool is_consistent; /* false: it was being changed all the time */
	bool is_endless;    /* it leads in a circle, or through more modules than there can be */
};

#define LOADER_LIST_INIT                                                                           \
	{                                                                                          \
		NULL, 0, 0, 0, false, false                                                        \
	}

/* r_debug: its address, from DT_DEBUG of the program. */
int loader_list_read(struct loader_list *list, const struct process_memory *m, uint64_t r_debug,
		     struct err *err) AT_MUST_CHECK;
/* One reading, of a process that stands still. False, and the list is empty: it is being changed.
 */
bool loader_list_now(struct loader_list *list, const struct process_memory *m, uint64_t r_debug);
void loader_list_release(struct loader_list *list);
/* Whether both name the same modules at the same places. */
bool loader_list_equal(const struct loader_list *a, const struct loader_list *b);

#endif

/* address_space.h - what /proc/PID/maps says of a process, and where the data of its modules lie.
 */
#ifndef ALLOCTRACE_SCAN_ADDRESS_SPACE_H
#define ALLOCTRACE_SCAN_ADDRESS_SPACE_H

#include "scan/read_cache.h"

#define NO_MODULE UINT32_MAX

enum mapping_kind {
	MAPPED_ANONYMOUS = 0, /* also with a name that the program gave it */
	MAPPED_FILE = 1,      /* of a file system, or memory that processes share */
	MAPPED_BRK = 2,	      /* [heap] */
	MAPPED_STACK = 3,     /* [stack] */
	MAPPED_DEVICE = 4,    /* must not be read */
	MAPPED_SESSION = 5,   /* the runtime's */
	MAPPED_KERNEL = 6,    /* [vvar] and its like */
};

struct mapping {
	uint64_t low, high;
	uint64_t offset; /* in its file */
	bool readable, writable, executable;
	uint8_t kind;	 /* enum mapping_kind */
	uint32_t module; /* or NO_MODULE */
};

/* A file that is mapped. */
struct scan_module {
	char *path;
	uint64_t start; /* of its first mapping */
	bool is_elf;
	bool is_allocator, is_libc, is_runtime;
	uint64_t tls_bytes;
};

/* Writable memory of a module, .bss included. */
struct module_data {
	struct scan_range range;
	uint32_t module;
};

struct address_space {
	struct mapping *mappings; /* by rising address */
	size_t mapping_count, mapping_cap;
	struct scan_module *modules;
	size_t module_count, module_cap;
	struct module_data *data;
	size_t data_count, data_cap;
	uint64_t tls_bytes; /* of all modules: at least what their static TLS takes */
};

void address_space_read(struct address_space *s, const struct scan_target *target,
			struct read_cache *cache);
void address_space_release(struct address_space *s);

/* The mapping that has the address, or NULL. */
const struct mapping *address_space_find(const struct address_space *s, uint64_t address);
/* The first part of [at, end) that can be read; false: nothing of it. */
bool address_space_readable(const struct address_space *s, uint64_t at, uint64_t end,
			    struct scan_range *out);

#endif

/* static_tls.h - whether the thread-local variables of what a program opens fit.
 *
 * Each thread has one block for the variables of all that was there at the start, and behind them a
 * surplus. What is opened later with variables at fixed offsets (initial-exec; allocators have
 * them, to be quick) has to fit into it; if it does not, dlopen() fails: "cannot allocate memory in
 * static TLS block". Does what glibc 2.32 and newer do; musl has no such limit. See ld.so(8), the
 * glibc manual ("Dynamic Linking Tunables") and "ELF Handling For Thread-Local Storage". */
#ifndef ALLOCTRACE_LINK_STATIC_TLS_H
#define ALLOCTRACE_LINK_STATIC_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct linked;

/* What GLIBC_TUNABLES says. */
struct static_tls_tunables {
	uint64_t namespaces;	/* glibc.rtld.nns */
	uint64_t optional;	/* glibc.rtld.optional_static_tls */
	uint64_t audit_modules; /* LD_AUDIT: each has a namespace */
};

enum {
	STATIC_TLS_NAMESPACES = 4, /* glibc's defaults */
	STATIC_TLS_OPTIONAL = 512,
};

/* text: the variable's value; NULL: not set. */
struct static_tls_tunables static_tls_tunables_read(const char *text);

enum static_tls_place {
	STATIC_TLS_NONE,    /* it has no variables, or nothing wants them at fixed offsets */
	STATIC_TLS_START,   /* there at the start */
	STATIC_TLS_SURPLUS, /* opened later, and in the surplus */
	STATIC_TLS_CHANCE,  /* the same, but it could do without (TLSDESC) */
	STATIC_TLS_TOO_LARGE,
	/* Its alignment is larger than what the program and its libraries had at the start. */
	STATIC_TLS_TOO_ALIGNED,
};

struct static_tls_module {
	enum static_tls_place place;
	/* From the thread pointer: downwards on x86, upwards on ARM. */
	uint64_t offset;
	uint64_t used; /* bytes of the block that it cost: SURPLUS, CHANCE */
	uint64_t room; /* bytes that were left before, where it was tried */
	/* Of one that is opened: the module for which that fails, itself or one that came with it;
	 * SIZE_MAX: it does not fail. */
	size_t failed_for;
};

struct static_tls {
	bool is_limited; /* false: musl, or how this machine does it is not known */
	uint64_t surplus;
	uint64_t start_bytes;		   /* of the variables of all that is there at the start */
	uint64_t alignment;		   /* the largest that an opened one may have */
	uint64_t room;			   /* bytes left after the start */
	uint64_t left;			   /* and when all have been opened */
	size_t failures;		   /* openings that fail */
	struct static_tls_module *modules; /* as linked.modules */
	size_t count;
};

/* Lays out what is there at the start and opens the rest, in the order of l->modules. */
void static_tls_lay_out(struct static_tls *out, const struct linked *l,
			const struct static_tls_tunables *tunables);
void static_tls_release(struct static_tls *s);
/* The smallest value of glibc.rtld.optional_static_tls with which no opening fails, where one fails
 * now. False: none helps. */
bool static_tls_sufficient(const struct linked *l, const struct static_tls_tunables *tunables,
			   uint64_t *optional);

#endif

/* evidence.h - all that tells of the allocators that were found in a file, how sure each piece of
 * it is, where in the file's sources they come from, and what Rust's global allocator is.
 *
 * For lists in detail: reads the file's debug information and constants once more. Finds no further
 * allocators. Files may be hostile. */
#ifndef ALLOCTRACE_SYMBOL_EVIDENCE_H
#define ALLOCTRACE_SYMBOL_EVIDENCE_H

#include "elf/allocators.h"
#include "elf/elf_archive.h"
#include "elf/foreign_file.h"

enum proof_kind {
	PROOF_EXPORTED, /* functions in the dynamic symbol table, or that PE and Mach-O export */
	PROOF_SYMBOL_TABLE,  /* .symtab */
	PROOF_MINI_SYMBOLS,  /* .gnu_debugdata */
	PROOF_DEBUG_BY_ID,   /* a separate debug file, found by build-id */
	PROOF_DEBUG_BY_LINK, /* by .gnu_debuglink */
	PROOF_DEBUGINFOD,
	PROOF_UNIT,	/* the compile unit that DWARF has for its malloc */
	PROOF_MEMBER,	/* the archive's member with its malloc */
	PROOF_SOURCES,	/* names of source files in .symtab */
	PROOF_MESSAGES, /* all that prove its family */
	PROOF_VARIABLE, /* of the environment, which has its prefix */
	PROOF_OPTIONS,	/* names of its options */
	PROOF_CRATE,	/* a path of Rust's */
	PROOF_SECTION,
	PROOF_KINDS
};

enum sureness {
	SURE_POSSIBLE, /* others may have it, too */
	SURE_PROBABLE, /* only it has it, but a file may speak of it without having it */
	SURE_CERTAIN,
};

struct proof {
	enum proof_kind kind;
	enum sureness sure;
	char *what;
};

/* Of one allocator. */
struct evidence {
	struct proof *proofs; /* the surest first */
	size_t count, cap;
	enum sureness sure;		   /* the surest */
	char *unit, *directory, *producer; /* DW_AT_name, DW_AT_comp_dir, DW_AT_producer; or NULL */
	char *member;			   /* of an archive; or NULL */
};

enum rust_allocator { RUST_UNKNOWN, RUST_INSTANCE, RUST_SYSTEM, RUST_ELSEWHERE };

struct rust_evidence {
	bool there;	  /* the file has code of Rust */
	char version[64]; /* "1.95.0 (59807616e 2026-04-14)"; "" if it is not told */
	char commit[41];  /* of the compiler; "" likewise */
	enum rust_allocator allocator;
	size_t instance;   /* RUST_INSTANCE, and RUST_SYSTEM where the file has malloc itself */
	char through[256]; /* functions; "" if it is told by what the file has and imports */
	enum sureness sure;
};

struct file_evidence {
	struct evidence *of; /* of found.items, in their order */
	size_t count;
	struct rust_evidence rust;
};

/* Exactly one of file, foreign and archive. */
struct evidence_source {
	const struct elf_file *file;
	const struct foreign_file *foreign;
	const struct elf_archive *archive;
	const char *path;
	bool ask_servers; /* DEBUGINFOD_URLS */
};

/* *out is new; found: the allocators of the file. */
void file_evidence_find(struct file_evidence *out, const struct evidence_source *from,
			const struct allocators *found);
void file_evidence_release(struct file_evidence *evidence);

#endif

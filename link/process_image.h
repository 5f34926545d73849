/* process_image.h - an ELF file as it is mapped into a process: what its headers say there, and the
 * file made again from its segments.
 *
 * The file on the disk may be another one meanwhile, or gone, or out of reach. What is in the
 * process was made by whoever made the process: it may be hostile. */
#ifndef ALLOCTRACE_LINK_PROCESS_IMAGE_H
#define ALLOCTRACE_LINK_PROCESS_IMAGE_H

#include <elf.h>

#include "elf/elf_file.h"
#include "inject/process_memory.h"

enum { PROCESS_IMAGE_SEGMENTS = 64 };

struct process_image {
	uint64_t start;			 /* where its headers are */
	uint64_t bias;			 /* added to the addresses of the file */
	uint64_t dynamic, dynamic_bytes; /* in memory; 0: none */
	uint64_t relro, relro_bytes;	 /* in memory: not to be written to once linked */
	Elf64_Ehdr header;
	Elf64_Phdr segments[PROCESS_IMAGE_SEGMENTS];
	size_t segment_count;
	struct elf_build_id build_id;
};

/* Reads the headers at `start`. False: there is no 64-bit ELF file of this machine's byte order. */
bool process_image_read(struct process_image *image, const struct process_memory *m,
			uint64_t start);
/* Whether the address lies in one of its segments; executable: in one with code. */
bool process_image_has(const struct process_image *image, uint64_t address, bool executable);
/* The value of an entry of the dynamic section as it is in the process; 0: there is none. */
uint64_t process_image_dynamic(const struct process_image *image, const struct process_memory *m,
			       int64_t tag);
/* The file again, with as many sections as there are dynamic tables; `name` is for the error. Data
 * is what it has become. */
int process_image_to_file(const struct process_image *image, const struct process_memory *m,
			  const char *name, struct elf_file *file, struct err *err) AT_MUST_CHECK;

#endif

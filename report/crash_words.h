/* crash_words.h - what is told of a crash, in words. */
#ifndef ALLOCTRACE_REPORT_CRASH_WORDS_H
#define ALLOCTRACE_REPORT_CRASH_WORDS_H

#include "report/crash_story.h"
#include "util/strbuf.h"

const char *crash_signal_name(unsigned signal); /* "SIGSEGV"; "signal" for others */
const char *crash_signal_text(unsigned signal); /* "invalid memory access" */
/* Whether libc said that its allocator's records are damaged. */
bool crash_is_heap_message(const struct crash_story *s);

/* All of these add to out, without a full stop; nothing where there is nothing to say. */
/* "rdi", "the address that was accessed", "the stack (8 bytes above the stack pointer)" */
void crash_add_place(struct strbuf *out, unsigned place);
/* What the processor or the kernel could not do, or who sent the signal. */
void crash_add_what(struct strbuf *out, const struct crash_story *s);
/* In which function, module and allocator. */
void crash_add_where(struct strbuf *out, const struct crash_story *s);
/* What may be behind it, as far as blocks tell. */
void crash_add_reason(struct strbuf *out, const struct crash_story *s);
/* The block that crash_add_reason() tells of, or NULL. */
const struct crash_block *crash_told_block(const struct crash_story *s);
/* "rdi holds the address of a block of ..." */
void crash_add_pointer(struct strbuf *out, const struct crash_block *b);

#endif

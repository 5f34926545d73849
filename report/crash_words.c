/* crash_words.c - see crash_words.h. */
#include "report/crash_words.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "report/finding_text.h"
#include "report/finding_words.h"
#include "report/humane.h"
#include "util/path.h"

/* Older than this, a failed allocation is not told of. */
#define RECENT_NS UINT64_C(1000000000)
/* Ages come in steps of some 25 ms: less than that is not known. */
#define UNKNOWN_AGE_NS UINT64_C(30000000)

static const struct {
	unsigned number;
	const char *name, *text;
} signals[] = {
	{ SIGSEGV, "SIGSEGV", "invalid memory access" },
	{ SIGBUS, "SIGBUS", "access to memory that is not there" },
	{ SIGILL, "SIGILL", "invalid instruction" },
	{ SIGFPE, "SIGFPE", "arithmetic error" },
	{ SIGTRAP, "SIGTRAP", "trap" },
	{ SIGSYS, "SIGSYS", "forbidden system call" },
	{ SIGABRT, "SIGABRT", "abort" },
};

const char *crash_signal_name(unsigned signal)
{
	for (size_t i = 0; i < AT_COUNT_OF(signals); i++)
		if (signals[i].number == signal)
			return signals[i].name;
	return "signal";
}

const char *crash_signal_text(unsigned signal)
{
	for (size_t i = 0; i < AT_COUNT_OF(signals); i++)
		if (signals[i].number == signal)
			return signals[i].text;
	return "of a kind unknown to this version";
}

void crash_add_place(struct strbuf *out, unsigned place)
{
	static const char *const registers[] = { "rax", "rdx", "rcx", "rbx", "rsi", "rdi",
						 "rbp", "rsp", "r8",  "r9",  "r10", "r11",
						 "r12", "r13", "r14", "r15", "rip" };
	if (place < AT_COUNT_OF(registers))
		strbuf_adds(out, registers[place]);
	else if (place == CRASH_IN_ADDRESS)
		strbuf_adds(out, "the address");
	else if (place >= CRASH_ON_STACK && place < CRASH_PLACES)
		strbuf_addf(out, "a word on the stack (rsp+%u)", 8 * (place - CRASH_ON_STACK));
	else
		strbuf_adds(out, "a word");
}

/* ---- what ---- */

static bool is_terminated(const struct crash_story *s)
{
	for (size_t i = 0; s->crash.signal == SIGABRT && i < s->stack.count; i++)
		if (s->stack.frames[i].function &&
		    strncmp(s->stack.frames[i].function, "std::terminate", 14) == 0)
			return true;
	return false;
}

static void add_sender(struct strbuf *out, const struct trace_crash *c)
{
	if (c->sender == c->pid)
		strbuf_adds(out, c->signal == SIGABRT ? "the program ended itself"
						      : "the program sent it to itself");
	else if (c->sender)
		strbuf_addf(out, "process %" PRIu32 " sent it: it is no crash of the program's",
			    c->sender);
	else
		strbuf_adds(out, "it was sent from another pid namespace, or by the kernel");
}

static const char *access_word(const struct trace_crash *c)
{
	return c->flags & CRASH_FETCHES	 ? "executing"
	       : c->flags & CRASH_WRITES ? "writing"
					 : "reading";
}

static void add_address(struct strbuf *out, const struct trace_crash *c)
{
	bool null = c->address < CRASH_LOW_BYTES;
	if (c->flags & CRASH_STACK_OVERFLOW) {
		strbuf_addf(out,
			    "stack overflow: 0x%" PRIx64 " lies below the stack of the thread, "
			    "which is used up",
			    c->address);
	} else if (c->flags & CRASH_JUMPED) {
		strbuf_addf(out, "it called 0x%" PRIx64 ", where there is no code%s", c->address,
			    null ? ": a NULL function pointer" : "");
	} else {
		strbuf_addf(out, "%s 0x%" PRIx64, access_word(c), c->address);
		if (null)
			strbuf_adds(out, ", a NULL pointer or what lies at one");
		else if (c->signal == SIGSEGV && c->code == SEGV_MAPERR)
			strbuf_adds(out, ", where no memory is mapped");
		else if (c->signal == SIGSEGV && c->code == SEGV_ACCERR)
			strbuf_adds(out, ", which the program has no right to");
	}
}

/* Addresses of user space have 47 bits. */
static bool is_canonical(uint64_t value)
{
	return value >> 47 == 0 || value >> 47 == 0x1ffff;
}

static void add_non_canonical(struct strbuf *out, const struct trace_crash *c)
{
	bool some = false;
	strbuf_adds(out, "an address that cannot be one, or an instruction that is not allowed");
	for (unsigned i = 0; i < CRASH_REGISTERS; i++) {
		if (is_canonical(c->registers[i]))
			continue;
		strbuf_adds(out, some ? ", " : "; what cannot be one is in ");
		crash_add_place(out, i);
		strbuf_addf(out, " (0x%" PRIx64 ")", c->registers[i]);
		some = true;
	}
}

void crash_add_what(struct strbuf *out, const struct crash_story *s)
{
	const struct trace_crash *c = &s->crash;
	if (*c->message) {
		size_t len = strcspn(c->message, "\n");
		strbuf_addf(out, "libc ended the program: \"%.*s\"", (int)len, c->message);
	} else if (is_terminated(s)) {
		strbuf_adds(out, "std::terminate() ended the program: an exception that nobody "
				 "catches may be the reason");
	} else if (crash_is_sent(c)) {
		add_sender(out, c);
	} else if (c->flags & CRASH_HAS_ADDRESS) {
		add_address(out, c);
	} else if (c->signal == SIGSEGV) {
		add_non_canonical(out, c);
	} else {
		strbuf_adds(out, crash_signal_text(c->signal));
	}
}

/* ---- where ---- */

void crash_add_where(struct strbuf *out, const struct crash_story *s)
{
	const struct trace_crash *c = &s->crash;
	if (!s->place) {
		strbuf_adds(out, "where it happened is not known");
		return;
	}
	if (c->flags & CRASH_JUMPED)
		strbuf_adds(out, "called by ");
	else
		strbuf_adds(out, "in ");
	story_add_frame_name(out, s->place);
	if (!s->place->function || s->place->file)
		strbuf_addf(out, " of %s", story_module_name(s->place));
	if (s->instance)
		strbuf_addf(out, ", which carries %s (%s)", s->instance, s->linkage);
	if (s->entry != s->place && s->entry->function) {
		strbuf_adds(out, "; the module was entered by ");
		strbuf_adds(out, s->entry->function);
	}
	if (s->caller) {
		strbuf_adds(out, ", called from ");
		story_add_frame_name(out, s->caller);
	}
}

/* ---- why ---- */

static void add_region(struct strbuf *out, const struct crash_block *b)
{
	const struct trace_crash_pointer *p = &b->pointer;
	char bytes[HUMANE_BYTES];
	strbuf_addf(out, "memory of %s that %s mapped", humane_bytes(bytes, p->size),
		    b->made.count ? story_module_name(&b->made.frames[0])
				  : "code of no known module");
	if (b->allocator)
		strbuf_addf(out, ", which carries %s", b->allocator);
}

/* "a block of 64 bytes that malloc() of glibc 2.36 made 12 ms before" */
static void add_block(struct strbuf *out, const struct crash_block *b)
{
	const struct trace_crash_pointer *p = &b->pointer;
	if (p->flags & CRASH_IN_REGION) {
		add_region(out, b);
		return;
	}
	char age[HUMANE_BYTES];
	bool young = p->age_ns < UNKNOWN_AGE_NS;
	strbuf_addf(out, "a%s block of %" PRIu64 " byte%s that ",
		    p->flags & CRASH_BLOCK_FREED ? " freed" : "", p->size, p->size == 1 ? "" : "s");
	call_add_words(out, p->made_role, NULL);
	if (b->allocator)
		strbuf_addf(out, " of %s", b->allocator);
	strbuf_addf(out, " made %s%s before", young ? "less than " : "",
		    humane_time(age, young ? UNKNOWN_AGE_NS : p->age_ns));
}

void crash_add_pointer(struct strbuf *out, const struct crash_block *b)
{
	const struct trace_crash_pointer *p = &b->pointer;
	crash_add_place(out, p->place);
	if (p->value == p->block)
		strbuf_adds(out, p->place == CRASH_IN_ADDRESS ? " is the start of "
							      : " holds the address of ");
	else
		strbuf_addf(out,
			    p->place == CRASH_IN_ADDRESS ? " lies %" PRIu64 " bytes into "
							 : " points %" PRIu64 " bytes into ",
			    p->value - p->block);
	add_block(out, b);
}

static void add_foreign(struct strbuf *out, const struct crash_story *s,
			const struct crash_block *b)
{
	crash_add_pointer(out, b);
	strbuf_addf(out,
		    ". %s in %s may have been given a block of another allocator, which it takes "
		    "for its own",
		    s->instance, story_module_name(s->place));
	if (!s->in_allocator)
		strbuf_addf(
			out,
			"; whether this code is %s itself or what it is linked with, the names do "
			"not tell",
			s->instance);
}

static void add_failure(struct strbuf *out, const struct trace_crash *c)
{
	char bytes[HUMANE_BYTES], time[HUMANE_BYTES];
	strbuf_adds(out, "out of memory: ");
	if (c->failed_bytes)
		strbuf_addf(out, "an allocation of %s", humane_bytes(bytes, c->failed_bytes));
	else
		strbuf_adds(out, "an operator new");
	strbuf_addf(out, " had failed in this thread %s before", humane_time(time, c->failed_ns));
}

const struct crash_block *crash_told_block(const struct crash_story *s)
{
	const struct trace_crash *c = &s->crash;
	const struct crash_block *freed = crash_freed_block(s);
	if (c->flags & CRASH_STACK_OVERFLOW || (crash_is_sent(c) && c->sender != c->pid))
		return NULL;
	return freed ? freed : crash_foreign_block(s);
}

void crash_add_reason(struct strbuf *out, const struct crash_story *s)
{
	const struct trace_crash *c = &s->crash;
	const struct crash_block *told = crash_told_block(s);
	if (c->flags & CRASH_STACK_OVERFLOW) {
		strbuf_adds(
			out,
			"endless recursion, or large variables on the stack, may be the reason");
	} else if (crash_is_sent(c) && c->sender != c->pid) {
		return;
	} else if (told && told == crash_freed_block(s)) {
		strbuf_adds(out, "use after free: ");
		crash_add_pointer(out, told);
	} else if (told) {
		add_foreign(out, s, told);
	} else if (s->new_threw) {
		strbuf_adds(out, "out of memory: an operator new has thrown, and nobody caught it");
	} else if (c->flags & CRASH_ALLOCATION_FAILED && c->failed_ns < RECENT_NS) {
		add_failure(out, c);
	} else if (crash_is_heap_message(s)) {
		strbuf_adds(
			out,
			"the allocator found its records damaged: a wrong free, or a write beyond "
			"or after a block's life, may have come before");
	}
}

/* leak_point.c - see leak_point.h. */
#include "lib/leak_point.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <time.h>
#include <unistd.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "lib/function_frame.h"
#include "lib/points.h"
#include "lib/runtime.h"
#include "lib/serve.h"
#include "lib/sys.h"
#include "wire/scans.h"

enum {
	/* So long without a sign of life: the collector is stopped, or writes to a disk that hangs.
	 */
	PATIENCE_US = 2000000,
	CLAIM_AGAIN_US = 1000,
	CLAIM_PATIENCE_US = 10000000,
};

/* ---- waiting for the tool ---- */

/* Whether there is still somebody who will answer. */
struct patience {
	uint64_t heartbeat;
	uint64_t waited_us; /* since it changed */
};

static bool tool_lives(void *context, uint64_t slept_us)
{
	struct patience *p = context;
	const struct session_header *header = session.header;
	uint64_t now = at_load_relaxed(&header->heartbeat);
	if (at_load_relaxed(&header->state) == SESSION_ENDED || session_lost_collector())
		return false;
	p->waited_us = now == p->heartbeat ? p->waited_us + slept_us : 0;
	p->heartbeat = now;
	return p->waited_us < PATIENCE_US;
}

static struct session_scan *claim(void)
{
	struct patience patience = { 0, 0 };
	uint32_t from = session.process_index;
	uint64_t waited_us = 0;
	do {
		for (uint32_t i = 0; i < SCAN_MAX; i++) {
			struct session_scan *s = &session.scans[(from + i) % SCAN_MAX];
			uint32_t unused = SCAN_FREE;
			if (at_load_relaxed(&s->state) == SCAN_FREE &&
			    at_cas_acq_rel(&s->state, &unused, (uint32_t)SCAN_CLAIMED))
				return s;
		}
		sys_sleep_us(CLAIM_AGAIN_US);
		/* Those of processes that were killed while they filled one in stay taken. */
		waited_us += CLAIM_AGAIN_US;
	} while (waited_us < CLAIM_PATIENCE_US && tool_lives(&patience, CLAIM_AGAIN_US));
	return NULL;
}

static void fill(struct session_scan *s, const struct leak_point *point)
{
	size_t i = 0;
	s->process = session.process_index;
	s->pid = session.pid;
	s->tid = sys_gettid();
	s->reason = point->reason;
	s->frame = point->frame;
	s->since_tsc = point->since_tsc;
	s->since_counters = point->since_counters;
	s->since_slots = point->since_slots;
	for (; point->label && point->label[i] && i < SCAN_LABEL_BYTES - 1; i++)
		s->label[i] = point->label[i];
	s->label[i] = '\0';
	for (i = 0; i < SCAN_REGISTERS; i++)
		s->registers[i] = point->registers ? point->registers[i] : 0;
}

static void want(struct session_scan *s)
{
	at_store_release(&s->state, (uint32_t)SCAN_WANTED);
	at_add_relaxed(&session.header->scans_wanted, 1u);
	at_add_relaxed(&session.header->wake,
		       1u); /* or it would sleep for some ms if it just goes to sleep */
	session_wake_collector();
}

/* One slice; how long it was at the most. */
static uint64_t sleep_on(uint32_t *state, uint32_t seen)
{
	const struct timespec slice = { 0, SERVE_SLICE_US * 1000L };
	if (sys_is_restricted()) {
		sys_sleep_us(SERVE_RESTRICTED_SLICE_US);
		return SERVE_RESTRICTED_SLICE_US;
	}
	return sys_call4(SYS_futex, state, FUTEX_WAIT, seen, &slice) == 0 ? 0 : SERVE_SLICE_US;
}

static bool wait_until_done(struct session_scan *s)
{
	struct patience patience = { at_load_relaxed(&session.header->heartbeat), 0 };
	for (;;) {
		uint32_t seen = at_load_acquire(&s->state);
		if (seen == SCAN_DONE)
			return true;
		if (seen == SCAN_SERVE) {
			if (!serve_run(s, &session.serves[s - session.scans], tool_lives,
				       &patience))
				return false;
			continue;
		}
		if (!tool_lives(&patience, sleep_on(&s->state, seen)))
			return at_load_acquire(&s->state) == SCAN_DONE;
	}
}

/* Nobody knows whether the tool has begun: who does the later step lets the record go. */
static void leave(struct session_scan *s)
{
	uint32_t seen = at_load_acquire(&s->state);
	for (;;) {
		bool is_ours = seen == SCAN_WANTED || seen == SCAN_DONE;
		if (at_cas_acq_rel(&s->state, &seen, (uint32_t)(is_ours ? SCAN_FREE : SCAN_LEFT)))
			return;
	}
}

bool leak_point_ask(const struct leak_point *point, struct session_scan *answer)
{
	if (!session.scans || !runtime_is_of_this_process())
		return false;
	struct sys_signals before = sys_block_signals();
	struct session_scan *s = claim();
	bool done = false;
	if (s) {
		fill(s, point);
		want(s);
		done = wait_until_done(s);
		if (done && answer)
			*answer = *s;
		leave(s);
	}
	if (!point->is_last)
		sys_restore_signals(&before);
	return done && (!answer || answer->method != SCAN_IMPOSSIBLE);
}

/* ---- marks and crashes ---- */

void leak_point_mark(const char *name)
{
	const struct leak_point point = { .reason = SCAN_AT_MARK, .label = name };
	if (!leak_point_is_due(SCAN_AT_MARK))
		return;
	uint64_t hash = hash_bytes(name, __builtin_strlen(name));
	for (unsigned i = 0; i < SESSION_LEAK_MARKS; i++)
		if (session.header->leak_marks[i] == hash) {
			leak_point_ask(&point, NULL);
			return;
		}
}

void leak_point_crash(const uint64_t registers[SCAN_REGISTERS], uint64_t sp)
{
	const struct leak_point point = { .reason = SCAN_AT_CRASH,
					  .frame = sp,
					  .registers = registers };
	static uint32_t asked_pid; /* a second crash, in here, comes this way again */
	if (!leak_point_is_due(SCAN_AT_CRASH) || asked_pid == session.pid)
		return;
	asked_pid = session.pid;
	leak_point_ask(&point, NULL);
}

/* ---- the end of the process ---- */

/* What the entry below has saved. */
struct ending_registers {
	uint64_t r15, r14, r13, r12, rbx;
	uint64_t r11, rax, r9, r8, rcx, rdx, rsi, rdi;
};

/* Of the functions' callers: what a call leaves to them is theirs, all else is dead. */
enum { CALLEE_SAVED = 6 };

/* Where exit() was called, of the thread that did. What lies below is stale, and must not keep a
 * block alive that nothing else points to. */
static struct {
	uint32_t pid, tid;
	uint64_t frame, return_address;
	uint64_t registers[SCAN_REGISTERS];
} exit_call;

static void save_registers(uint64_t out[SCAN_REGISTERS], const struct ending_registers *r,
			   const uint64_t *frame)
{
	const uint64_t saved[CALLEE_SAVED] = { r->rbx, frame[0], r->r12, r->r13, r->r14, r->r15 };
	for (unsigned i = 0; i < SCAN_REGISTERS; i++)
		out[i] = i < CALLEE_SAVED ? saved[i] : 0;
}

/* A handler may call exit() again: the first call counts. */
static void note_exit_call(const struct ending_registers *r, const uint64_t *frame)
{
	uint32_t pid = at_load_relaxed(&exit_call.pid);
	if (pid == session.pid || !at_cas_acq_rel(&exit_call.pid, &pid, session.pid))
		return;
	exit_call.tid = sys_gettid();
	exit_call.frame = (uintptr_t)(frame + 2);
	exit_call.return_address = frame[1];
	save_registers(exit_call.registers, r, frame);
}

/* Is it this thread's, and has it not been left (by a jump out of a handler)? */
static bool is_in_exit_call(const uint64_t *frame)
{
	return exit_call.pid == session.pid && exit_call.tid == sys_gettid() &&
	       exit_call.frame >= (uintptr_t)frame &&
	       ((const uint64_t *)exit_call.frame)[-1] == exit_call.return_address;
}

static void ask_at_end(enum scan_reason reason, const struct ending_registers *r,
		       const uint64_t *frame)
{
	uint64_t registers[SCAN_REGISTERS];
	struct leak_point point = { .reason = reason,
				    .frame = (uintptr_t)(frame + 2),
				    .registers = registers,
				    .is_last = reason == SCAN_AT_EXIT };
	if (!leak_point_is_due(reason))
		return;
	if (is_in_exit_call(frame)) {
		point.frame = exit_call.frame;
		point.registers = exit_call.registers;
	} else {
		save_registers(registers, r, frame);
	}
	leak_point_ask(&point, NULL);
}

/* execvp() tries all of PATH. */
static bool is_there(int folder, uint64_t path)
{
	return !sys_is_restricted() && !sys_failed(sys_call3(SYS_faccessat, folder, path, F_OK));
}

__attribute__((used)) void leak_point_ends(const struct ending_registers *r, const struct point *p,
					   const uint64_t *frame);

/* frame: the caller's rbp, and the return address behind it. */
void leak_point_ends(const struct ending_registers *r, const struct point *p, const uint64_t *frame)
{
	if (!runtime_is_of_this_process())
		return;
	if (p->is_kept) /* the keeper's frame lies between; it has changed no register of the
			   caller's */
		frame = (const uint64_t *)frame[0];
	switch ((enum session_ending)p->role) {
	case SESSION_ENDING_BEGINS:
		note_exit_call(r, frame);
		ask_at_end(SCAN_BEFORE_EXIT, r, frame);
		break;
	case SESSION_ENDING_NOW:
		ask_at_end(SCAN_AT_EXIT, r, frame);
		break;
	case SESSION_ENDING_EXEC:
		if (is_there(AT_FDCWD, r->rdi))
			ask_at_end(SCAN_AT_EXEC, r, frame);
		break;
	case SESSION_ENDING_EXEC_AT:
		if (r->r8 & AT_EMPTY_PATH || is_there((int)r->rdi, r->rsi))
			ask_at_end(SCAN_AT_EXEC, r, frame);
		break;
	case SESSION_ENDING_EXEC_FILE:
		ask_at_end(SCAN_AT_EXEC, r, frame);
		break;
	}
}

/* clang-format off */
__asm__(".hidden leak_point_entry\n"
	FUNCTION_WITH_FRAME("leak_point_entry")
	PUSH_ARGUMENTS
	"push %rbx\n\t"
	"push %r12\n\t"
	"push %r13\n\t"
	"push %r14\n\t"
	"push %r15\n\t"
	"mov %rsp, %rdi\n\t"
	"mov %r11, %rsi\n\t"
	"mov %rbp, %rdx\n\t"
	"sub $8, %rsp\n\t"
	"call leak_point_ends\n\t"
	"add $48, %rsp\n\t"
	POP_ARGUMENTS
	FRAME_ENDS
	GO_ON_TO_POINT
	FUNCTION_ENDS("leak_point_entry"));

/* syscall(SYS_exit_group, code) comes here (hooks_limits.c). */
__asm__(".pushsection .text\n\t"
	".globl leak_point_exit_group\n\t"
	".hidden leak_point_exit_group\n\t"
	".type leak_point_exit_group, @function\n"
	"leak_point_exit_group:\n\t"
	".cfi_startproc\n\t"
	"lea leak_point_of_exit_group(%rip), %r11\n\t"
	"jmp leak_point_entry\n\t"
	".cfi_endproc\n\t"
	".size leak_point_exit_group, . - leak_point_exit_group\n\t"
	".type leak_point_end_group, @function\n"
	"leak_point_end_group:\n\t"
	".cfi_startproc\n\t"
	"mov %rdi, %rax\n\t"
	"mov %rsi, %rdi\n\t"
	"syscall\n\t"
	"hlt\n\t"
	".cfi_endproc\n\t"
	".size leak_point_end_group, . - leak_point_end_group\n\t"
	".popsection");
/* clang-format on */

extern AT_HIDDEN const char leak_point_end_group[];

__attribute__((used)) AT_HIDDEN struct point leak_point_of_exit_group = {
	.patch = { .original = (void *)leak_point_end_group },
	.role = (enum role)SESSION_ENDING_NOW,
};

/* serves.h - a process that shows its own memory, because the tool may not look into it.
 *
 * One record for each session_scan, used while that is in state SERVE: the process then does what
 * `command` says each time that the tool has set `turn` to ASKED, and sets it to ANSWERED (a
 * futex). The first command is BEGIN: it stops its other threads, which is tried as long as with
 * ptrace. When the state is no longer SERVE it lets them go and waits on as before. */
#ifndef ALLOCTRACE_WIRE_SERVES_H
#define ALLOCTRACE_WIRE_SERVES_H

#include <stdint.h>

enum {
	SERVE_WINDOW_BYTES = 512 * 1024,
	SERVE_MAX_THREADS = 1024,
	SERVE_REGISTERS = 16,	 /* in DWARF's order: rax rdx rcx rbx rsi rdi rbp rsp r8 to r15 */
	SERVE_VECTOR_WORDS = 32, /* of xmm registers */
};

enum serve_turn { SERVE_IDLE = 0, SERVE_ASKED = 1, SERVE_ANSWERED = 2 };

enum serve_command {
	SERVE_BEGIN = 0, /* answer: 0, or an errno */
	SERVE_READ = 1,	 /* [at, at + bytes) into the window; answer: how many bytes it got */
	SERVE_MAPS = 2,	 /* the next of its mappings into the window; answer: bytes, 0 at the end */
};

enum serve_thread_state {
	SERVE_THREAD_UNUSED = 0,
	SERVE_THREAD_CALLED = 1, /* has been sent a signal, and has not come */
	SERVE_THREAD_STANDS = 2,
	SERVE_THREAD_ENDED = 3,
	SERVE_THREAD_ASKS = 4, /* the one that serves */
};

struct serve_thread {
	uint32_t state; /* enum serve_thread_state: released when the rest is there */
	uint32_t tid;	/* as the process sees it */
	uint64_t pc, sp, fs_base;
	uint64_t registers[SERVE_REGISTERS];
	uint64_t vectors[SERVE_VECTOR_WORDS];
};

struct session_serve {
	uint32_t turn;	  /* enum serve_turn */
	uint32_t command; /* enum serve_command */
	uint64_t at, bytes;
	uint64_t answer;
	uint32_t thread_count; /* as far as there was room */
	uint32_t more_threads; /* there are, and there is no room for them */
	uint64_t pad[3];
	struct serve_thread threads[SERVE_MAX_THREADS];
	uint8_t window[SERVE_WINDOW_BYTES];
};

_Static_assert(sizeof(struct serve_thread) == 32 + 8 * 48, "layout is shared");
_Static_assert(sizeof(struct session_serve) == 64 + 416 * SERVE_MAX_THREADS + SERVE_WINDOW_BYTES,
	       "layout is shared");

#endif

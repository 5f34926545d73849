/* serving.c - a process that shows its memory itself (lib/serve, collect/served): what the tool
 * gets to see is what ptrace shows, the other threads stand, and all goes on afterwards. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include "collect/served.h"
#include "lib/serve.h"
#include "tests/inject/target.h"

enum { ROUNDS = 30, NUMBERED = 6, BIG_WORDS = 300000 };

static struct session session;
static uint64_t big[BIG_WORDS];

/* ---- the process ---- */

static bool always(void *context, uint64_t slept_us)
{
	(void)context;
	(void)slept_us;
	return true;
}

static bool never(void *context, uint64_t slept_us)
{
	(void)context;
	return slept_us == 0;
}

static struct session_serve *serve(void)
{
	return (struct session_serve *)(session.base + session_serves_offset());
}

/* What the runtime does at the end of a program: it asks, and waits for the answer. */
static void ask_to_be_looked_at(void)
{
	uint32_t *state = &session.scans[0].state;
	const struct timespec slice = { 0, 100000000 };
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	__atomic_store_n(state, SCAN_TAKEN, __ATOMIC_RELEASE);
	for (uint32_t seen; (seen = __atomic_load_n(state, __ATOMIC_ACQUIRE)) != SCAN_DONE;) {
		if (seen == SCAN_SERVE)
			serve_run(&session.scans[0], serve(), always, NULL);
		else
			syscall(SYS_futex, state, FUTEX_WAIT, seen, &slice, NULL, 0);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	__atomic_store_n(state, SCAN_FREE, __ATOMIC_RELEASE);
}

static void start_thread(void *(*body)(void *), void *argument)
{
	pthread_t thread;
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attributes, body, argument))
		shared->wrong++;
}

static void *spin_with_number(void *number)
{
	sigset_t all;
	sigfillset(&all);
	if ((uintptr_t)number == 1) /* as threads do that want no signals */
		pthread_sigmask(SIG_SETMASK, &all, NULL);
	shared->ready++;
	__asm__ volatile("mov %0, %%rbx; mov %0, %%r15; movq %0, %%xmm9\n"
			 "1: lock incq (%1); cmpq $0, (%2); je 1b"
			 :
			 : "r"((uintptr_t)number * UINT64_C(0x1010101)),
			   "r"((uint64_t *)&shared->ticks), "r"((uint64_t *)&shared->go)
			 : "rbx", "r15", "xmm9", "memory");
	return NULL;
}

/* glibc uses the signal itself: it makes all threads change their user. */
static void *change_user(void *unused)
{
	shared->ready++;
	while (!shared->go) {
		if (setresuid(-1u, geteuid(), -1u))
			shared->wrong++;
		shared->value++;
	}
	return unused;
}

static void *start_next(void *unused)
{
	if (!shared->go)
		start_thread(start_next, NULL);
	return unused;
}

static void be_looked_at(void)
{
	for (size_t i = 0; i < BIG_WORDS; i++)
		big[i] = i * 3;
	shared->address = (uintptr_t)big;
	shared->ready++;
	for (int i = 0; i < ROUNDS; i++)
		ask_to_be_looked_at();
	shared->go = 1;
}

static void numbered(void)
{
	for (uintptr_t i = 1; i <= NUMBERED; i++)
		start_thread(spin_with_number, (void *)i);
	AWAIT(shared->ready == NUMBERED);
	be_looked_at();
}

static void changing(void)
{
	start_thread(change_user, NULL);
	start_thread(change_user, NULL);
	start_thread(start_next, NULL);
	be_looked_at();
}

static void *wait_for_ever(void *unused)
{
	uint64_t all = ~UINT64_C(0);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	shared->ready++;
	while (!shared->go)
		sched_yield();
	return unused;
}

static void unreachable(void)
{
	start_thread(wait_for_ever, NULL);
	start_thread(spin_with_number, (void *)2);
	AWAIT(shared->ready == 2);
	shared->ready = 0;
	shared->address = (uintptr_t)big;
	ask_to_be_looked_at();
	shared->go = 1;
}

static void forsaken(void)
{
	start_thread(spin_with_number, (void *)2);
	AWAIT(shared->ready == 1);
	__atomic_store_n(&session.scans[0].state, SCAN_SERVE, __ATOMIC_RELEASE);
	__atomic_store_n(&serve()->turn, SERVE_ASKED, __ATOMIC_RELEASE);
	serve()->command = SERVE_BEGIN;
	if (serve_run(&session.scans[0], serve(), never, NULL)) /* the tool is gone */
		shared->wrong++;
	uint64_t before = shared->ticks;
	AWAIT(shared->ticks > before);
}

/* ---- the tool ---- */

static void begin(struct served *s, pid_t pid)
{
	struct err err = { "" };
	AWAIT(__atomic_load_n(&session.scans[0].state, __ATOMIC_ACQUIRE) == SCAN_TAKEN);
	CHECK(served_begin(s, &session, &session.scans[0], pid, &err) == 0, "%s", err.text);
}

static void end(struct served *s)
{
	uint32_t taken = SCAN_TAKEN;
	served_end(s);
	CHECK(__atomic_compare_exchange_n(&session.scans[0].state, &taken, SCAN_DONE, false,
					  __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE),
	      "state %u", taken);
	syscall(SYS_futex, &session.scans[0].state, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void check_memory(struct served *s)
{
	static uint64_t seen[BIG_WORDS];
	struct strbuf maps = STRBUF_INIT;
	struct err err = { "" };
	char word;
	CHECK(served_read(s, shared->address, seen, sizeof(seen)), "cannot be read");
	for (size_t i = 0; i < BIG_WORDS; i++)
		CHECK(seen[i] == i * 3, "word %zu: %lu", i, (unsigned long)seen[i]);
	CHECK(!served_read(s, 16, &word, 1), "what is not there was read");
	CHECK(!served_read(s, UINT64_MAX - 4096, &word, 1), "what is not there was read");
	CHECK(served_maps(s, &maps, &err) == 0 && strstr(maps.text, "[stack]") &&
		      strstr(maps.text, "memfd:alloctrace"),
	      "%s%s", err.text, maps.text);
	strbuf_release(&maps);
}

static void see_threads(const struct served *s)
{
	uint64_t found = 0;
	CHECK(s->count == NUMBERED + 1 && !s->unstopped, "%zu threads, %zu", s->count,
	      s->unstopped);
	for (size_t i = 1; i < s->count; i++) {
		const struct stopped_thread *t = &s->threads[i];
		uint64_t number = t->registers[3] / 0x1010101;
		CHECK(t->registers[3] == t->registers[15] && t->vectors[18] == t->registers[3],
		      "rbx %lx, r15 %lx", (unsigned long)t->registers[3],
		      (unsigned long)t->registers[15]);
		CHECK(number >= 1 && number <= NUMBERED, "%lu", (unsigned long)number);
		CHECK(t->sp && t->sp == t->registers[7] && t->pc && t->fs_base, "sp, pc, fs");
		found |= UINT64_C(1) << number;
	}
	CHECK(found == (2 << NUMBERED) - 2, "threads 0x%lx", (unsigned long)found);
	CHECK(s->threads[0].sp && s->threads[0].fs_base, "the one that asks");
}

static void look_inside(void)
{
	pid_t pid = target_start(numbered);
	struct served s;
	uint64_t longest_ns = 0;
	for (int i = 0; i < ROUNDS; i++) {
		begin(&s, pid);
		uint64_t before = shared->ticks;
		see_threads(&s);
		check_memory(&s);
		CHECK(shared->ticks == before, "a thread ran");
		end(&s);
		longest_ns = s.stopped_ns > longest_ns ? s.stopped_ns : longest_ns;
		AWAIT(shared->ticks > before || i == ROUNDS - 1);
	}
	target_ends(pid);
	printf("# %d running threads stood for %.1f ms at the longest\n", NUMBERED,
	       (double)longest_ns / 1e6);
}

static void leave_the_signal(void)
{
	pid_t pid = target_start(changing);
	struct served s;
	for (int i = 0; i < ROUNDS; i++) {
		begin(&s, pid);
		CHECK(!s.unstopped, "%zu do not stand", s.unstopped);
		check_memory(&s);
		uint64_t before = shared->value;
		for (int j = 0; j < 20; j++)
			sched_yield();
		CHECK(shared->value == before, "a thread ran");
		end(&s);
		AWAIT(shared->value > before + 2 || i == ROUNDS - 1);
	}
	target_ends(pid);
}

static void count_unreachable(void)
{
	pid_t pid = target_start(unreachable);
	struct served s;
	begin(&s, pid);
	CHECK(s.count == 2 && s.unstopped == 1, "%zu threads, %zu", s.count, s.unstopped);
	end(&s);
	target_ends(pid);
}

static void bear_its_end(void)
{
	pid_t pid = target_start(numbered);
	struct served s;
	char word;
	begin(&s, pid);
	CHECK(served_read(&s, shared->address, &word, 1), "cannot be read");
	target_kill(pid);
	CHECK(!served_read(&s, shared->address, &word, 1), "it has ended");
	served_end(&s);
	session.scans[0].state = SCAN_FREE;
	target_ends(target_start(forsaken));
}

int main(void)
{
	struct err err = { "" };
	const struct session_settings settings = { .max_depth = 1, .state = SESSION_RECORDING };
	CHECK(session_create(&session, &settings, &err) == 0, "%s", err.text);
	look_inside();
	leave_the_signal();
	count_unreachable();
	bear_its_end();
	session_release(&session);
	return 0;
}

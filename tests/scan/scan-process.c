/* scan-process.c - looks for leaks in a process that runs under alloctrace, from outside: stops it,
 * searches, lets it go, and prints what was found and how long it took.
 *
 *   scan-process PID [peek bytes]
 *
 * For tests and measurements: what a session does itself, without the session. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "inject/process_memory.h"
#include "scan/leak_scan.h"
#include "util/mem.h"
#include "wire/session.h"

enum { MOST_THREADS = 256 };

static struct scan_thread threads[MOST_THREADS];
static uint64_t registers[MOST_THREADS][16];
static size_t thread_count;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void stop_thread(pid_t tid)
{
	struct user_regs_struct u;
	int status;
	if (thread_count == MOST_THREADS || ptrace(PTRACE_SEIZE, tid, 0, 0) != 0 ||
	    ptrace(PTRACE_INTERRUPT, tid, 0, 0) != 0 || waitpid(tid, &status, __WALL) != tid ||
	    ptrace(PTRACE_GETREGS, tid, 0, &u) != 0)
		die("ptrace");
	const uint64_t r[16] = { u.rax, u.rbx, u.rcx, u.rdx, u.rsi, u.rdi, u.rbp, u.r8,
				 u.r9,	u.r10, u.r11, u.r12, u.r13, u.r14, u.r15, u.rip };
	memcpy(registers[thread_count], r, sizeof(r));
	threads[thread_count] = (struct scan_thread){ .tid = (uint32_t)tid,
						      .sp = u.rsp - 128, /* red zone */
						      .thread_pointer = u.fs_base,
						      .registers = registers[thread_count],
						      .register_count = 16 };
	thread_count++;
}

static void stop(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *d = opendir(path);
	if (!d)
		die(path);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			stop_thread(atoi(e->d_name));
	closedir(d);
}

static char *read_maps(const struct process_memory *m)
{
	size_t cap = 1 << 20, n = 0;
	char *text = mem_alloc(cap);
	int fd = process_memory_file(m, "maps");
	for (ssize_t got; (got = read(fd, text + n, cap - n - 1)) > 0;) {
		n += (size_t)got;
		if (cap - n < 8192)
			text = mem_realloc(text, cap *= 2, 1);
	}
	text[n] = 0;
	close(fd);
	return text;
}

static bool read_memory(void *context, uint64_t at, void *out, size_t bytes)
{
	return process_memory_read(context, at, out, bytes);
}

/* The process's own record in the session memory that it has mapped. */
static struct session_process find_record(const struct process_memory *m, const char *maps)
{
	const char *line = strstr(maps, "/memfd:alloctrace");
	while (line && line > maps && line[-1] != '\n')
		line--;
	uint64_t base = line ? strtoull(line, NULL, 16) : 0;
	for (uint64_t i = 0; base && i < 1024; i++) {
		struct session_process p;
		uint64_t at = base + session_processes_offset() + i * sizeof(p);
		if (process_memory_read(m, at, &p, sizeof(p)) && p.pid == (uint32_t)m->pid &&
		    (p.state == PROCESS_READY || p.state == PROCESS_SEEN))
			return p;
	}
	return (struct session_process){ 0 };
}

static bool is_allocator(void *context, const char *path)
{
	(void)context;
	return strstr(path, "jemalloc") || strstr(path, "mimalloc") || strstr(path, "tcmalloc");
}

static const char *const kinds[] = { "definite", "indirect", "possible", "reachable" };
static const char *const holders[] = { "none",	 "register", "stack", "tls",
				       "module", "mapping",  "root",  "block" };

static void print_scan(const struct leak_scan *s)
{
	for (size_t i = 0; i < s->group_count; i++) {
		const struct leak_group *g = &s->groups[i];
		printf("%s blocks %" PRIu64 " bytes %" PRIu64 " with %" PRIu64 " %" PRIu64
		       " role %u stack %u flags %u parent %u at 0x%" PRIx64 " held by %s 0x%" PRIx64
		       " %s\n",
		       kinds[g->kind], g->blocks, g->bytes, g->indirect_blocks, g->indirect_bytes,
		       g->role, g->stack, g->flags, g->parent_plus_1, g->address,
		       holders[g->holder], g->holder_address,
		       g->holder_module_plus_1 ? s->modules[g->holder_module_plus_1 - 1] : "");
	}
	for (unsigned i = 0; i < LEAK_KINDS; i++)
		printf("%s: %" PRIu64 " blocks, %" PRIu64 " bytes\n", kinds[i], s->kinds[i].blocks,
		       s->kinds[i].bytes);
	printf("roots %" PRIu64 " unreadable %" PRIu64 " changing %" PRIu64 "\n", s->root_bytes,
	       s->unreadable_bytes, s->changing_pages);
}

int main(int argc, char **argv)
{
	struct process_memory memory = PROCESS_MEMORY_INIT;
	struct err err = { "" };
	struct leak_scan scan;
	struct rusage usage;
	pid_t pid = argc > 1 ? atoi(argv[1]) : 0;
	if (process_memory_open(&memory, pid, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	uint64_t begin = now_us();
	stop(pid);
	char *maps = read_maps(&memory);
	const struct session_process record = find_record(&memory, maps);
	const struct scan_target target = {
		.memory = { &memory, read_memory },
		.maps = maps,
		.block_roots = record.block_roots,
		.memory_tables = record.memory_tables,
		.threads = threads,
		.thread_count = thread_count,
		.now_tsc = __rdtsc(),
		.is_allocator = is_allocator,
		.peek_bytes = argc > 2 ? (unsigned)atoi(argv[2]) : 0,
	};
	int result = leak_scan_run(&target, &scan, &err);
	for (size_t i = 0; i < thread_count; i++)
		ptrace(PTRACE_DETACH, (pid_t)threads[i].tid, 0, 0);
	uint64_t end = now_us();
	getrusage(RUSAGE_SELF, &usage);
	if (result == 0)
		print_scan(&scan);
	else
		fprintf(stderr, "%s\n", err.text);
	fprintf(stderr, "%" PRIu64 " us, cpu %ld ms, %ld MB\n", end - begin,
		usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 +
			usage.ru_stime.tv_sec * 1000 + usage.ru_stime.tv_usec / 1000,
		usage.ru_maxrss / 1024);
	leak_scan_release(&scan);
	free(maps);
	process_memory_close(&memory);
	return result == 0 ? 0 : 2;
}

/* participant.c - see participant.h. */
#include "lib/participant.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "lib/alone.h"
#include "lib/sys.h"
#include "wire/claim.h"

enum { CONNECT_TIMEOUT_S = 5, ENVIRONMENT_BYTES = 1024 };

struct session session;

/* Before libc has started (an executable's preinit_array) environ is not set yet; the kernel has
 * the same strings. Finds name's value in them, a character at a time because a string may lie
 * across two reads. */
static const char *initial_environment_value(const char *name)
{
	static char value[ENVIRONMENT_BYTES];
	char buffer[512];
	size_t len = __builtin_strlen(name), at = 0;
	long n, fd = sys_open("/proc/self/environ");
	bool matches = true, found = false;
	if (sys_failed(fd))
		return NULL;
	while (!found && (n = sys_read(fd, buffer, sizeof(buffer))) > 0) {
		for (long i = 0; i < n && !found; i++) {
			char c = buffer[i];
			if (c == '\0') {
				found = matches && at > len;
				at = 0;
				matches = true;
				continue;
			}
			matches = matches && c == (at < len ? name[at] : at == len ? '=' : c);
			if (matches && at > len && at - len - 1 < sizeof(value) - 1) {
				value[at - len - 1] = c;
				value[at - len] = '\0';
			}
			at++;
		}
	}
	sys_close(fd);
	return found ? value : NULL;
}

const char *session_environment(const char *name)
{
	size_t len = __builtin_strlen(name);
	if (!environ)
		return initial_environment_value(name);
	for (char **e = environ; *e; e++)
		if (__builtin_strncmp(*e, name, len) == 0 && (*e)[len] == '=')
			return *e + len + 1;
	return NULL;
}

/* Or -errno. */
static long open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = __builtin_strlen(path);
	if (len == 0 || len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	__builtin_memcpy(address.sun_path, path, len);
	long fd = sys_call3(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sys_failed(fd))
		return fd;
	struct timeval timeout = { .tv_sec = CONNECT_TIMEOUT_S };
	sys_call6(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, (long)&timeout, sizeof(timeout), 0);
	sys_call6(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, (long)&timeout, sizeof(timeout), 0);
	long connected = sys_call3(SYS_connect, fd, &address, sizeof(address));
	if (sys_failed(connected)) {
		sys_close(fd);
		return connected;
	}
	return fd;
}

/* Receives the welcome and the memory's file descriptor, which is -1 if none came along. */
static bool receive_welcome(long fd, struct session_welcome *welcome, int *memory_fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { welcome, sizeof(*welcome) };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	*memory_fd = -1;
	long n = sys_call3(SYS_recvmsg, fd, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	if (!sys_failed(n) && c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		__builtin_memcpy(memory_fd, CMSG_DATA(c), sizeof(*memory_fd));
	return n == (long)sizeof(*welcome) && welcome->magic == SESSION_MAGIC &&
	       welcome->version == SESSION_VERSION;
}

static bool map_memory(int fd)
{
	long p = sys_call6(SYS_mmap, 0, (long)session_bytes(), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (sys_failed(p))
		return false;
	char *base = (char *)p;
	struct session_header *header = (struct session_header *)base;
	if (header->magic != SESSION_MAGIC || header->bytes != session_bytes()) {
		sys_call2(SYS_munmap, base, session_bytes());
		return false;
	}
	session.header = header;
	session.processes = (struct session_process *)(base + session_processes_offset());
	session.rings = (struct session_ring *)(base + session_rings_offset());
	session.modules = (struct session_module *)(base + session_modules_offset());
	session.loaded = (struct session_loaded *)(base + session_loaded_offset());
	session.hooks = (struct session_hook *)(base + session_hooks_offset());
	session.findings = (struct session_finding *)(base + session_findings_offset());
	session.nodes = (struct session_node *)(base + session_nodes_offset());
	session.crashes = (struct session_crash *)(base + session_crashes_offset());
	session.scans = (struct session_scan *)(base + session_scans_offset());
	session.serves = (struct session_serve *)(base + session_serves_offset());
	for (unsigned i = 0; i < SESSION_INTERN_LEVELS; i++)
		session.intern[i] = (uint32_t *)(base + session_intern_offset(i));
	session.max_nodes = SESSION_MAX_NODES;
	session.intern_levels = SESSION_INTERN_LEVELS;
	session.options = header->options;
	session.max_depth = header->max_depth < 1                   ? 1 :
			    header->max_depth > SESSION_MAX_DEPTH ? SESSION_MAX_DEPTH :
								    header->max_depth;
	return true;
}

/* Exe path and arguments, for the collector: the process may be gone before it looks. */
void session_describe_process(struct session_process *process)
{
	long n = sys_call3(SYS_readlink, "/proc/self/exe", process->exe, sizeof(process->exe) - 1);
	process->exe[n < 0 ? 0 : n] = '\0';
	long fd = sys_open("/proc/self/cmdline");
	n = sys_failed(fd) ? 0 : sys_read(fd, process->command, sizeof(process->command) - 2);
	if (!sys_failed(fd))
		sys_close(fd);
	if (n < 0)
		n = 0;
	process->command[n] = process->command[n + 1] = '\0';
}

/* The pid namespace of the program's start, and whether its pids were foreign to the tool. */
static char first_namespace[32];
static bool first_is_foreign;

static bool read_namespace(char *name)
{
	if (sys_is_restricted())
		return false;
	long n = sys_call3(SYS_readlink, "/proc/self/ns/pid", name, sizeof(first_namespace) - 1);
	name[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

/* In a new pid namespace our pid means nothing outside, or something else. Without /proc only that of
 * its first process is known for certain. */
static bool has_foreign_pids(const struct session_process *parent, uint32_t parent_pid)
{
	char name[sizeof(first_namespace)];
	if (first_namespace[0] && read_namespace(name))
		return first_is_foreign || __builtin_strcmp(name, first_namespace) != 0;
	return parent->foreign_pids || session.pid == parent_pid || session.pid == 1;
}

static void adopt_process(uint32_t index)
{
	session.process_index = index;
	session.process = &session.processes[index];
	session.pid = sys_getpid();
}

enum session_joining session_connect(void)
{
	const char *path = session_environment(SESSION_ENV);
	if (!path)
		return SESSION_NONE;
	long fd = open_socket(path);
	if (fd < 0)
		return fd == -ECONNREFUSED ? SESSION_DEAD : SESSION_NOT_WANTED;
	struct session_welcome welcome;
	int memory_fd;
	bool ok = receive_welcome(fd, &welcome, &memory_fd);
	sys_close(fd);
	ok = ok && memory_fd >= 0 && welcome.trace && welcome.process < SESSION_MAX_PROCESSES &&
	     map_memory(memory_fd);
	if (memory_fd >= 0)
		sys_close(memory_fd);
	if (!ok)
		return SESSION_NOT_WANTED;
	adopt_process(welcome.process);
	struct session_process *process = session.process;
	process->pid = welcome.pid;
	process->foreign_pids = first_is_foreign = welcome.pid != session.pid;
	read_namespace(first_namespace);
	process->start_tsc = session_clock();
	session.start_ns = sys_monotonic_ns();
	session_describe_process(process);
	return SESSION_JOINED;
}

void session_ready(void)
{
	at_store_release(&session.process->state, (uint32_t)PROCESS_READY);
	session_wake_collector();
}

bool session_lost_collector(void)
{
	struct session_header *header = session.header;
	uint32_t served = SESSION_SERVED, state = at_load_acquire(&header->state);
	if (session_is_left_alone())
		return true;
	if (!(at_load_acquire(&header->collector_life) & FUTEX_OWNER_DIED) || state == SESSION_ENDED)
		return false;
	at_cas_acq_rel(&header->state, &state, (uint32_t)SESSION_CHECKING);
	at_cas_acq_rel(&session.company, &served, (uint32_t)SESSION_BEREFT);
	return true;
}

bool session_forked(void)
{
	if (session.company == SESSION_ALONE)
		return alone_forked();
	if (session.options & SESSION_NO_FOLLOW ||
	    at_load_relaxed(&session.header->state) == SESSION_ENDED)
		return false;
	uint32_t parent = session.process_index, parent_pid = session.pid;
	const struct session_process *before = session.process;
	uint32_t from = (uint32_t)(hash_u64(sys_getpid()) >> 32); /* siblings start apart */
	uint32_t index = process_record_claim(session.header, session.processes, from);
	if (index >= SESSION_MAX_PROCESSES)
		return false;
	adopt_process(index);
	struct session_process *process = session.process;
	process->pid = session.pid;
	process->parent = parent;
	process->origin = PROCESS_FROM_FORK;
	process->foreign_pids = has_foreign_pids(before, parent_pid);
	process->backend_module_plus_1 = before->backend_module_plus_1;
	process->block_roots = before->block_roots;
	process->memory_tables = before->memory_tables;
	process->start_tsc = session_clock();
	session.start_ns = sys_monotonic_ns();
	__builtin_memcpy(process->exe, before->exe, sizeof(process->exe));
	__builtin_memcpy(process->command, before->command, sizeof(process->command));
	return true;
}

static void set_up_ring(uint32_t slot, uint32_t tid)
{
	struct session_ring *ring = &session.rings[slot];
	ring->process = session.process_index;
	ring->tid = tid;
	ring->claims++;
	ring->words = session_ring_words(slot);
	ring->words_offset = session_ring_words_offset(slot);
	ring->first_counter = ring->counter;
	/* The collector may come too late to ask: after the thread's end, or after an exec. */
	if (sys_is_restricted() || sys_failed(sys_call2(SYS_prctl, PR_GET_NAME, ring->name)))
		ring->name[0] = '\0';
	uint32_t count = at_load_relaxed(&session.header->ring_count);
	while (count <= slot && !at_cas_acq_rel(&session.header->ring_count, &count, slot + 1))
		;
	at_store_release(&ring->state, (uint32_t)RING_ACTIVE);
}

/* Where nobody else does it. Two threads may be here: the one that gets a slot from ACTIVE to CLAIMED
 * decides. */
static void free_rings_of_dead(void)
{
	uint32_t count = at_load_relaxed(&session.header->ring_count);
	for (uint32_t slot = 0; slot < count; slot++) {
		struct session_ring *ring = &session.rings[slot];
		uint32_t active = RING_ACTIVE;
		if (at_load_acquire(&ring->state) != RING_ACTIVE ||
		    ring->process != session.process_index ||
		    !at_cas_acq_rel(&ring->state, &active, (uint32_t)RING_CLAIMED))
			continue;
		bool dead = sys_call3(SYS_tgkill, session.pid, ring->tid, 0) == -ESRCH;
		at_store_release(&ring->state, (uint32_t)(dead ? RING_FREE : RING_ACTIVE));
	}
}

/* Each time that twice as many threads as were alive have come. */
static void free_rings_in_time(void)
{
	enum { AT_LEAST = 64 };
	static uint32_t claims, due = AT_LEAST;
	if (at_add_relaxed(&claims, 1u) < at_load_relaxed(&due) || sys_is_restricted())
		return;
	free_rings_of_dead();
	uint32_t alive = 0;
	for (uint32_t slot = 0; slot < at_load_relaxed(&session.header->ring_count); slot++)
		alive += at_load_relaxed(&session.rings[slot].state) != RING_FREE;
	at_store_relaxed(&due, alive + AT_LEAST);
	at_store_relaxed(&claims, 0u);
}

uint32_t session_claim_ring(uint32_t tid)
{
	if (session_is_left_alone())
		free_rings_in_time();
	for (uint32_t slot = 0; slot < SESSION_MAX_RINGS; slot++) {
		uint32_t unused = RING_FREE;
		if (at_load_relaxed(&session.rings[slot].state) == RING_FREE &&
		    at_cas_acq_rel(&session.rings[slot].state, &unused, RING_CLAIMED)) {
			set_up_ring(slot, tid);
			return slot;
		}
	}
	return SESSION_MAX_RINGS;
}

void session_wake_collector(void)
{
	struct session_header *header = session.header;
	if (!at_load_relaxed(&header->collector_asleep) || sys_is_restricted())
		return; /* it wakes by itself from time to time */
	at_add_relaxed(&header->wake, 1u);
	sys_call3(SYS_futex, &header->wake, FUTEX_WAKE, 1);
}

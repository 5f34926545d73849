/* session_memory.c - see session_memory.h. */
#include "collect/session_memory.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/atomics.h"

static void find_parts(struct session *s)
{
	s->header = (struct session_header *)s->base;
	s->processes = (struct session_process *)(s->base + session_processes_offset());
	s->rings = (struct session_ring *)(s->base + session_rings_offset());
	s->modules = (struct session_module *)(s->base + session_modules_offset());
	s->loaded = (struct session_loaded *)(s->base + session_loaded_offset());
	s->hooks = (struct session_hook *)(s->base + session_hooks_offset());
	s->findings = (struct session_finding *)(s->base + session_findings_offset());
	s->nodes = (struct session_node *)(s->base + session_nodes_offset());
	s->crashes = (struct session_crash *)(s->base + session_crashes_offset());
	s->scans = (struct session_scan *)(s->base + session_scans_offset());
}

static void fill_header(struct session *s, const struct session_settings *settings)
{
	struct session_header *h = s->header;
	h->version = SESSION_VERSION;
	h->options = settings->options;
	h->bytes = session_bytes();
	h->max_depth = settings->max_depth;
	h->on_error = settings->on_error;
	h->tool_pid = (uint32_t)getpid();
	h->state = settings->state;
	h->leak_points = settings->leak_points;
	memcpy(h->leak_marks, settings->leak_marks, sizeof(h->leak_marks));
	h->node_count = NODE_FIRST;
	h->allocator_count = 1;
	for (unsigned slot = 0; slot < SESSION_MAX_RINGS; slot++) {
		s->rings[slot].words_offset = session_ring_words_offset(slot);
		s->rings[slot].words = session_ring_words(slot);
	}
	at_store_release(&h->magic, SESSION_MAGIC);
}

/* The memory counts as a file: RLIMIT_FSIZE holds for it, though it is sparse. */
static int set_size(int fd)
{
	struct rlimit limit, raised;
	bool limited = getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < session_bytes();
	if (limited) {
		raised = (struct rlimit){ limit.rlim_max, limit.rlim_max };
		setrlimit(RLIMIT_FSIZE, &raised);
	}
	int failed = ftruncate(fd, (off_t)session_bytes());
	int code = errno;
	if (limited)
		setrlimit(RLIMIT_FSIZE, &limit);
	errno = code;
	return failed;
}

static int tell_failure(struct err *err)
{
	unsigned long long mb = session_bytes() >> 20;
	struct rlimit limit = { 0, 0 };
	if (errno != EFBIG || getrlimit(RLIMIT_FSIZE, &limit) < 0)
		return err_set_errno(err,
				     "cannot map %llu MB of memory to share with the program%s", mb,
				     errno == ENOMEM ? " (see ulimit -v)" : "");
	return err_set(
		err,
		"cannot make the memory to share with the program: it counts as a file of "
		"%llu MB, of which little is used, and files may have %llu KB here (ulimit -Hf)",
		mb, (unsigned long long)limit.rlim_max >> 10);
}

int session_create(struct session *s, const struct session_settings *settings, struct err *err)
{
	s->fd = memfd_create("alloctrace", MFD_CLOEXEC);
	if (s->fd < 0)
		return err_set_errno(err, "cannot make the memory that is shared with the program");
	s->base = MAP_FAILED;
	if (set_size(s->fd) == 0)
		s->base = mmap(NULL, session_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (s->base == MAP_FAILED) {
		tell_failure(err);
		close(s->fd);
		return -1;
	}
	find_parts(s);
	fill_header(s, settings);
	return 0;
}

void session_release(struct session *s)
{
	munmap(s->base, session_bytes());
	close(s->fd);
}

void session_wake(struct session *s)
{
	at_add_relaxed(&s->header->wake, 1);
	at_fence_seq_cst();
	if (at_load_relaxed(&s->header->collector_asleep))
		syscall(SYS_futex, &s->header->wake, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void session_sleep(struct session *s, uint32_t seen, uint64_t timeout_ns)
{
	struct timespec timeout = { .tv_sec = (time_t)(timeout_ns / 1000000000),
				    .tv_nsec = (long)(timeout_ns % 1000000000) };
	at_store_release(&s->header->collector_asleep, 1);
	at_fence_seq_cst();
	if (at_load_relaxed(&s->header->wake) == seen)
		syscall(SYS_futex, &s->header->wake, FUTEX_WAIT, seen, &timeout, NULL, 0);
	at_store_release(&s->header->collector_asleep, 0);
}

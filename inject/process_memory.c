/* process_memory.c - see process_memory.h. */
#include "inject/process_memory.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	AUXV_MAX = 64, /* entries; the kernel gives about 20 */
	PAGE_BYTES = 4096,
	KERNEL_THREAD = 0x200000, /* PF_KTHREAD */
};

int process_memory_file(const struct process_memory *m, const char *name)
{
	return openat(m->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

/* ---- why it cannot be done ---- */

/* The letter of the process's state; 0 if it is gone. flags: the kernel's; NULL: not wanted. */
static char state_and_flags(const struct process_memory *m, unsigned *flags)
{
	char text[1024], state;
	int fd = process_memory_file(m, "stat");
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	const char *name_end = strrchr(text, ')'); /* the name may hold anything */
	unsigned ignored;
	if (!name_end || sscanf(name_end + 1, " %c %*d %*d %*d %*d %*d %u", &state,
				flags ? flags : &ignored) != 2)
		return 0;
	return state;
}

static char state_of(const struct process_memory *m)
{
	return state_and_flags(m, NULL);
}

static bool is_kernels(const struct process_memory *m)
{
	unsigned flags = 0;
	return state_and_flags(m, &flags) && flags & KERNEL_THREAD;
}

static int yama_scope(void)
{
	char digit = '0';
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, &digit, 1) != 1)
			digit = '0';
		close(fd);
	}
	return digit - '0';
}

int process_memory_refused(const struct process_memory *m, const char *what, struct err *err)
{
	struct stat st = { 0 };
	int pid = (int)m->pid, scope = yama_scope();
	if (geteuid() == 0)
		return err_set(
			err,
			"process %d: %s although this is root: the "
			"process belongs to another user namespace, or this container has not "
			"got the capability SYS_PTRACE (docker run --cap-add=SYS_PTRACE)",
			pid, what);
	/* The owner is root's where the program must not be looked into, whoever started it. */
	if (fstat(m->dir_fd, &st) == 0 && st.st_uid != geteuid())
		return err_set(err,
			       "process %d: %s: it is user %u's, or its "
			       "program has more rights than you; try as root",
			       pid, what, (unsigned)st.st_uid);
	if (scope == 3)
		return err_set(err,
			       "process %d: %s: this system forbids it to "
			       "all until it is started again (kernel.yama.ptrace_scope is 3)",
			       pid, what);
	if (scope > 0)
		return err_set(
			err,
			"process %d: %s: this system allows it for "
			"%s only (kernel.yama.ptrace_scope is %d); try as root, let alloctrace "
			"start the program (alloctrace symbols -- PROGRAM), or as root: sysctl "
			"kernel.yama.ptrace_scope=0",
			pid, what, scope == 1 ? "one's own children" : "root", scope);
	return err_set(err,
		       "process %d: %s: its program has more rights than you "
		       "or forbids it (PR_SET_DUMPABLE); try as root",
		       pid, what);
}

/* ---- reading ---- */

static bool read_file(int fd, uint64_t at, void *out, size_t bytes)
{
	size_t done = 0;
	while (done < bytes) {
		ssize_t got = pread(fd, (char *)out + done, bytes - done, (off_t)(at + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

bool process_memory_read(const struct process_memory *m, uint64_t at, void *out, size_t bytes)
{
	if (at > INT64_MAX || bytes > INT64_MAX - at)
		return false;
	if (m->mem_fd >= 0)
		return read_file(m->mem_fd, at, out, bytes);
	struct iovec to = { out, bytes }, from = { (void *)(uintptr_t)at, bytes };
	return process_vm_readv(m->pid, &to, 1, &from, 1, 0) == (ssize_t)bytes;
}

bool process_memory_string(const struct process_memory *m, uint64_t at, char *out, size_t room)
{
	size_t done = 0;
	while (done + 1 < room) {
		/* Page by page: what follows the string need not be there. */
		size_t step = PAGE_BYTES - (at + done) % PAGE_BYTES;
		step = step < room - 1 - done ? step : room - 1 - done;
		if (!process_memory_read(m, at + done, out + done, step))
			break;
		if (memchr(out + done, '\0', step))
			return true;
		done += step;
	}
	out[done] = '\0';
	return done > 0;
}

uint64_t process_memory_auxv(const struct process_memory *m, uint64_t type)
{
	Elf64_auxv_t entries[AUXV_MAX];
	int fd = process_memory_file(m, "auxv");
	ssize_t got = fd < 0 ? -1 : read(fd, entries, sizeof(entries));
	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < got / (ssize_t)sizeof(entries[0]); i++)
		if (entries[i].a_type == type)
			return entries[i].a_un.a_val;
	return 0;
}

bool process_memory_is_gone(const struct process_memory *m)
{
	char byte, state = state_of(m);
	uint64_t header = process_memory_auxv(m, AT_PHDR);
	return !state || state == 'Z' || state == 'X' || !header ||
	       !process_memory_read(m, header, &byte, 1);
}

/* ---- opening ---- */

static int check_memory(const struct process_memory *m, struct err *err)
{
	char byte, state = state_of(m);
	int fd = process_memory_file(m, "auxv"), refused = fd < 0 ? errno : 0;
	ssize_t got = fd < 0 ? -1 : read(fd, &byte, 1);
	if (fd >= 0)
		close(fd);
	if (is_kernels(m))
		return err_set(err, "process %d is a thread of the kernel: it has no program",
			       (int)m->pid);
	if (state == 'Z' || state == 'X')
		return err_set(err,
			       "process %d has ended, and its parent has not asked how: nothing of "
			       "it is left to look at",
			       (int)m->pid);
	if (!state || refused == ESRCH || refused == ENOENT || got == 0)
		return err_set(err, "process %d has ended", (int)m->pid);
	if (refused)
		return process_memory_refused(m, "its memory may not be read", err);
	/* Of a 32-bit program this finds nothing: its vector has entries half as long. */
	uint64_t header = process_memory_auxv(m, AT_PHDR);
	if (!header || process_memory_read(m, header, &byte, 1))
		return 0;
	state = state_of(m);
	return !state || state == 'Z' || state == 'X'
		       ? err_set(err, "process %d has ended", (int)m->pid)
		       : process_memory_refused(m, "its memory may not be read", err);
}

/* A program's first thread may end before others: what is its then is seen through these alone. */
static void take_other_thread(struct process_memory *m)
{
	struct dirent *entry;
	int fd = openat(m->dir_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
	if (!tasks && fd >= 0)
		close(fd);
	while (tasks && (entry = readdir(tasks))) {
		struct process_memory other = { m->pid, -1, -1 };
		if (entry->d_name[0] == '.')
			continue;
		other.dir_fd =
			openat(dirfd(tasks), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		char state = other.dir_fd < 0 ? 0 : state_of(&other);
		if (state && state != 'Z' && state != 'X') {
			close(m->dir_fd);
			m->dir_fd = other.dir_fd;
			break;
		}
		if (other.dir_fd >= 0)
			close(other.dir_fd);
	}
	if (tasks)
		closedir(tasks);
}

int process_memory_open(struct process_memory *m, pid_t pid, struct err *err)
{
	char path[32];
	*m = (struct process_memory)PROCESS_MEMORY_INIT;
	m->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	m->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->dir_fd < 0 && errno == ENOENT)
		return err_set(err, "there is no process %d", (int)pid);
	if (m->dir_fd < 0)
		return err_set_errno(err, "cannot look at process %d", (int)pid);
	if (state_of(m) == 'Z')
		take_other_thread(m);
	m->mem_fd = process_memory_file(m, "mem");
	int code = check_memory(m, err);
	if (code < 0)
		process_memory_close(m);
	return code;
}

void process_memory_close(struct process_memory *m)
{
	if (m->dir_fd >= 0)
		close(m->dir_fd);
	if (m->mem_fd >= 0)
		close(m->mem_fd);
	m->dir_fd = m->mem_fd = -1;
}

/* test_cut_off.c - a file of more than 1 GiB that is cut off while it is read: what is gone reads
 * as zeros, and the program lives. The file is this program itself, made longer by a hole. */
#include <fcntl.h>
#include <gelf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elf/elf_file.h"
#include "tests/trace/check.h"

enum { PAGE = 4096 };
#define HUGE_BYTES ((off_t)(1 << 30) + (16 << 20))

static char path[] = "/tmp/alloctrace-cut-off.XXXXXX";

static int make_huge(void)
{
	struct stat st;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), fd = mkstemp(path);
	CHECK(self >= 0 && fd >= 0 && fstat(self, &st) == 0, "%s", path);
	for (off_t at = 0; at < st.st_size;)
		CHECK(sendfile(fd, self, &at, (size_t)(st.st_size - at)) > 0, "%s", path);
	CHECK(ftruncate(fd, HUGE_BYTES) == 0, "%s", path);
	close(self);
	return fd;
}

/* Adds up all sections; how many there are in *count. */
static unsigned long read_all(Elf *elf, unsigned *count)
{
	unsigned long sum = 0;
	*count = 0;
	for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s)); ++*count) {
		Elf_Data *data = elf_rawdata(s, NULL);
		for (size_t i = 0; data && data->d_buf && i < data->d_size; i++)
			sum += ((const unsigned char *)data->d_buf)[i];
	}
	return sum;
}

static void read_cut_off(void)
{
	struct elf_file file;
	struct err err = { "" };
	unsigned count;
	int fd = make_huge();
	CHECK(elf_file_open(&file, path, &err) == 0, "%s", err.text);
	unsigned long whole = read_all(file.elf, &count);
	CHECK(count > 10 && whole > 0, "%u sections", count);
	elf_file_close(&file);
	CHECK(elf_file_open(&file, path, &err) == 0, "%s", err.text);
	CHECK(ftruncate(fd, PAGE) == 0, "%s", path);
	CHECK(read_all(file.elf, &count) < whole, "%u sections", count);
	elf_file_close(&file);
	close(fd);
}

/* ---- elsewhere the signal does what it did ---- */

static void send_it(void)
{
	raise(SIGBUS);
}

static void touch_other(void)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	const volatile char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		(void)p[PAGE];
}

static void dies_of(void (*act)(void), const char *what)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		act();
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
		      WTERMSIG(status) == SIGBUS,
	      "%s: status %x", what, (unsigned)status);
}

int main(void)
{
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	signal(SIGBUS, SIG_DFL); /* a sanitizer has a handler for it */
	read_cut_off();
	dies_of(send_it, "a signal that is sent");
	dies_of(touch_other, "another mapping");
	unlink(path);
	return 0;
}

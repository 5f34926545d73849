/* thread_name.c - see thread_name.h. */
#include "collect/thread_name.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void thread_name_read(uint32_t pid, uint32_t tid, char name[THREAD_NAME_BYTES])
{
	char path[64];
	name[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%u/task/%u/comm", pid, tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t len = read(fd, name, THREAD_NAME_BYTES);
	close(fd);
	name[len > 0 ? len - 1 : 0] = '\0'; /* it ends with a line end */
}

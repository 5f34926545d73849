/* swept.c - LD_PRELOADed into the tool: another one that starts at the same time takes the folder
 * that mkdtemp() has just made for a dead tool's. The first is gone when the tool looks at it, the
 * second is locked. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

__attribute__((visibility("default"))) char *mkdtemp(char *template)
{
	static char *(*real)(char *);
	static int calls, lock = -1;
	if (!real)
		real = (char *(*)(char *))dlsym(RTLD_NEXT, "mkdtemp");
	if (lock >= 0)
		close(lock);
	lock = -1;
	char *path = real(template);
	if (path && calls == 0)
		rmdir(path);
	if (path && calls == 1 && (lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0)
		flock(lock, LOCK_EX);
	calls++;
	return path;
}

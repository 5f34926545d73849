/* filtered.c - loses a block, filters its system calls, and exits with 7: in it the runtime makes
 * none. */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

enum { LOST_BYTES = 4321 };

int main(void)
{
	struct sock_filter allow_all[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog filter = { 1, allow_all };
	char *volatile lost = malloc(LOST_BYTES);
	memset(lost, 1, LOST_BYTES);
	lost = NULL;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		return 1;
	return 7;
}

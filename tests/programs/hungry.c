/* hungry.c - memory runs out: allocations fail as they would, nothing else breaks. */
#include <errno.h>
#include <sys/resource.h>

#include "expect.h"

enum { MAX_BLOCKS = 100000 };

static long address_space_bytes(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	CHECK(f && fscanf(f, "%ld", &pages) == 1);
	fclose(f);
	return pages * 4096;
}

int main(void)
{
	static void *blocks[MAX_BLOCKS];
	struct rlimit limit = { (rlim_t)(address_space_bytes() + (48 << 20)), RLIM_INFINITY };
	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	int count = 0, failures = 0;
	while (count < MAX_BLOCKS && failures < 1000) {
		errno = 0;
		void *p = keep(malloc(55001));
		if (p) {
			blocks[count++] = p;
		} else {
			CHECK(errno == ENOMEM);
			failures++;
		}
	}
	CHECK(failures == 1000 && count > 100);
	for (int i = 0; i < count; i++)
		free(blocks[i]);
	void *p = keep(malloc(55009));
	CHECK(p);
	free(p);
	expect("size=55001 live=0");
	expect("size=55009 allocs=1 frees=1");
	return 0;
}

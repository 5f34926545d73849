/* regions.c - see regions.h. */
#include "lib/regions.h"

#include <sys/auxv.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/sys.h"

enum { MAPS_BUFFER_BYTES = 1024, PAGE_BYTES = 4096 };

static void move_to_front(struct stack_region *cache, unsigned index, struct stack_region region)
{
	for (unsigned i = index; i > 0; i--)
		cache[i] = cache[i - 1];
	cache[0] = region;
}

/* Reads the "low-high rwxp" at the start of each line of /proc/self/maps, a character at a time
 * because a line may lie across two reads. */
struct parser {
	uintptr_t number, low, high;
	enum { IN_LOW, IN_HIGH, IN_MODE, IN_REST } state;
	uintptr_t wanted;
	bool found, readable;
};

static void parse(struct parser *p, char c)
{
	if (c == '\n') {
		p->state = IN_LOW;
		p->number = 0;
		return;
	}
	switch (p->state) {
	case IN_LOW:
	case IN_HIGH:
		if (c == '-') {
			p->low = p->number;
			p->number = 0;
			p->state = IN_HIGH;
		} else if (c == ' ') {
			p->high = p->number;
			p->state = IN_MODE;
		} else {
			p->number = p->number << 4 | (uintptr_t)(c <= '9' ? c - '0' : c - 'a' + 10);
		}
		return;
	case IN_MODE:
		p->found = p->wanted >= p->low && p->wanted < p->high;
		p->readable = c == 'r';
		p->state = IN_REST;
		return;
	case IN_REST:
		return;
	}
}

/* Without asking: what address is on if it is a stack pointer. The kernel leaves more than this
 * free below the first stack, so an address in that distance below what it put there is on it.
 * glibc puts what the thread pointer points to at the upper end of a thread's stack. Otherwise the
 * page. */
static struct stack_region guess(uintptr_t address)
{
	enum { STACK_BYTES = 8 << 20 };
	uintptr_t first = getauxval(AT_RANDOM) & ~(uintptr_t)15, own;
	__asm__("mov %%fs:0, %0" : "=r"(own));
	struct stack_region r = { address & ~(uintptr_t)(PAGE_BYTES - 1),
				  (address | (PAGE_BYTES - 1)) + 1 };
	if (address < first && first - address < STACK_BYTES)
		r.high = first;
	else if (address < own && own - address < STACK_BYTES)
		r.high = own;
	return r;
}

static bool look_up(uintptr_t address, struct stack_region *out)
{
	/* When main() has left by pthread_exit(), those of the process are empty. */
	long fd = sys_open("/proc/thread-self/maps");
	if (sys_failed(fd)) {
		*out = guess(address);
		return true;
	}
	char buffer[MAPS_BUFFER_BYTES];
	struct parser p = { .wanted = address };
	long n;
	while (!p.found && (n = sys_read(fd, buffer, sizeof(buffer))) > 0)
		for (long i = 0; i < n && !p.found; i++)
			parse(&p, buffer[i]);
	sys_close(fd);
	*out = (struct stack_region){ p.low, p.high };
	return p.found && p.readable;
}

/* At no instruction is there a mixture of two regions: the next one may be a signal handler's fork.
 */
static void set_region(struct stack_region *place, struct stack_region region)
{
	place->high = 0;
	at_signal_fence();
	place->low = region.low;
	at_signal_fence();
	place->high = region.high;
}

/* By cache, whose address is the same in a child. */
struct kept {
	const struct stack_region *cache;
	struct stack_region regions[STACK_REGIONS];
};

static struct kept kept[SESSION_MAX_RINGS];
static uint32_t kept_count;

static struct kept *find_kept(const struct stack_region *cache)
{
	uint32_t count = at_load_acquire(&kept_count);
	for (uint32_t i = 0; i < count && i < SESSION_MAX_RINGS; i++)
		if (kept[i].cache == cache)
			return &kept[i];
	return NULL;
}

static struct kept *make_kept(const struct stack_region *cache)
{
	struct kept *k = find_kept(cache);
	if (k || at_load_relaxed(&kept_count) >= SESSION_MAX_RINGS)
		return k;
	uint32_t i = at_add_relaxed(&kept_count, 1u);
	if (i >= SESSION_MAX_RINGS)
		return NULL;
	kept[i].cache = cache;
	return &kept[i];
}

static bool forget(struct stack_region *regions, uintptr_t low, uintptr_t high)
{
	bool any = false;
	for (unsigned i = 0; i < STACK_REGIONS; i++) {
		if (low >= regions[i].high || regions[i].low >= high)
			continue;
		set_region(&regions[i], (struct stack_region){ 0, 0 });
		any = true;
	}
	return any;
}

bool regions_forget(struct stack_region *cache, uintptr_t low, size_t bytes)
{
	struct kept *k = find_kept(cache);
	if (k)
		forget(k->regions, low, low + bytes);
	return forget(cache, low, low + bytes);
}

void regions_reset(struct stack_region *cache)
{
	regions_forget(cache, 0, SIZE_MAX);
}

/* The region of address that is not in the cache. */
static AT_COLD bool look_further(struct stack_region *cache, uintptr_t address,
				 struct stack_region *out)
{
	struct kept *k = make_kept(cache);
	for (unsigned i = 0; k && i < STACK_REGIONS; i++) {
		*out = k->regions[i];
		if (address >= out->low && address < out->high)
			return true;
	}
	if (!look_up(address, out))
		return false;
	for (unsigned i = STACK_REGIONS; k && i-- > 0;)
		set_region(&k->regions[i], i ? k->regions[i - 1] : *out);
	return true;
}

const struct stack_region *regions_find(struct stack_region *cache, uintptr_t address)
{
	for (unsigned i = 0; i < STACK_REGIONS; i++) {
		if (address >= cache[i].low && address < cache[i].high) {
			move_to_front(cache, i, cache[i]);
			return &cache[0];
		}
	}
	struct stack_region region;
	if (!look_further(cache, address, &region))
		return NULL;
	move_to_front(cache, STACK_REGIONS - 1, region);
	return &cache[0];
}

bool regions_may_join(uintptr_t lower, uintptr_t upper)
{
	struct stack_region region = guess(lower);
	return upper >= region.low && upper < region.high;
}

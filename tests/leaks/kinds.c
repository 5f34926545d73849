/* kinds.c - blocks that are lost in each way, made by each function of the malloc family; rightly
 * they are given back, or held by something that nobody can overlook. */
#define _GNU_SOURCE
#include "leaks.h"

#include <malloc.h>
#include <unistd.h>

static void *volatile held;

struct node {
	struct node *left, *right;
	char load[16];
};

static APART void *make_plain(size_t bytes)
{
	return malloc(bytes);
}

static void plain(bool right)
{
	void *lost = make_plain(100);
	if (right)
		free(lost);
}

static void several(bool right)
{
	for (int i = 0; i < 7; i++) {
		void *lost = make_plain(40);
		if (right)
			free(lost);
	}
}

static APART struct node *make_list(int nodes)
{
	struct node *first = NULL;
	for (int i = 0; i < nodes; i++) {
		struct node *n = calloc(1, sizeof *n);
		n->left = first;
		first = n;
	}
	return first;
}

static void list(bool right)
{
	struct node *first = make_list(10);
	if (right)
		held = first;
}

static void long_list(bool right)
{
	struct node *first = make_list(200000);
	if (right)
		held = first;
}

static APART struct node *make_tree(int depth)
{
	struct node *n = calloc(1, sizeof *n);
	if (depth > 1) {
		n->left = make_tree(depth - 1);
		n->right = make_tree(depth - 1);
	}
	return n;
}

static void tree(bool right)
{
	struct node *root = make_tree(5);
	if (right)
		held = root;
}

static APART struct node *make_ring(int nodes)
{
	struct node *first = calloc(1, sizeof *first);
	struct node *last = first;
	for (int i = 1; i < nodes; i++) {
		last->left = calloc(1, sizeof *last);
		last = last->left;
	}
	last->left = first;
	return first;
}

static void ring(bool right)
{
	struct node *some = make_ring(3);
	if (right)
		held = some;
}

static void to_itself(bool right)
{
	struct node *self = make_ring(1);
	if (right)
		held = self;
}

static APART struct node *make_holder(struct node *below)
{
	struct node *n = calloc(1, 64);
	n->left = below;
	return n;
}

/* A ring that hangs on a lost block, and has a tail itself. */
static void ring_below(bool right)
{
	struct node *some = make_ring(3);
	some->right = make_plain(24);
	memset(some->right, 0, 24);
	struct node *top = make_holder(some);
	if (right)
		held = top;
}

static void two_roots(bool right)
{
	struct node *shared = make_list(2);
	struct node *a = make_holder(shared), *b = make_holder(shared);
	if (right) {
		free(a);
		held = b;
	}
}

/* Rightly the first byte is pointed to. */
static void interior(bool right)
{
	char *block = make_plain(200);
	held = right ? block : block + 72;
}

static void interior_list(bool right)
{
	struct node *first = make_list(3);
	held = right ? (void *)first : (void *)first->load;
}

static void tagged(bool right)
{
	char *block = make_plain(200);
	held = right ? block : block + 1;
}

static APART void *make_aligned_by_hand(void)
{
	char *block = malloc(300);
	void **aligned = (void **)(((uintptr_t)block + sizeof(void *) + 63) & ~(uintptr_t)63);
	aligned[-1] = block;
	return aligned;
}

/* As many libraries do it: in front of it is what will be freed. */
static void aligned_by_hand(bool right)
{
	void **aligned = make_aligned_by_hand();
	if (right)
		held = aligned;
}

static void past_the_end(bool right)
{
	char *block = make_plain(64);
	held = right ? block : block + 64;
}

static void unaligned(bool right)
{
	static struct {
		char pad;
		void *pointer;
	} __attribute__((packed, aligned(8))) packed;
	static struct {
		void *pointer;
	} aligned;
	void *block = make_plain(80);
	if (right)
		aligned.pointer = block;
	else
		packed.pointer = block;
	KEEP(packed);
	KEEP(aligned);
}

static void hidden_pointer(bool right)
{
	static volatile uintptr_t word;
	void *block = make_plain(88);
	word = right ? (uintptr_t)block : hidden(block);
	KEEP(word);
}

static APART uintptr_t *make_xor_list(int nodes)
{
	uintptr_t *before = NULL, *first = NULL;
	for (int i = 0; i < nodes; i++) {
		uintptr_t *n = calloc(1, 32);
		if (before)
			*before ^= (uintptr_t)n;
		else
			first = n;
		*n = (uintptr_t)before;
		before = n;
	}
	return first;
}

/* The last node's word is the last but one's address: that one is only indirectly lost. */
static void xor_list(bool right)
{
	uintptr_t *first = make_xor_list(6);
	held = first;
	uintptr_t before = 0;
	for (uintptr_t *n = first; right && n;) {
		uintptr_t *next = (uintptr_t *)(*n ^ before);
		before = (uintptr_t)n;
		free(n);
		n = next;
	}
}

/* The only pointer lies in a block that was freed, and whose memory nobody has used again. */
static void in_freed(bool right)
{
	void *volatile *holder = make_plain(512);
	memset((void *)holder, 0, 512);
	holder[40] = make_plain(96);
	if (right)
		free(holder[40]);
	held = (void *)holder;
	free((void *)holder);
}

/* As many freed blocks as an allocator keeps for the thread. */
static void in_caches(bool right)
{
	enum { MANY = 200 };
	static void *volatile *holders[MANY];
	for (int i = 0; i < MANY; i++) {
		holders[i] = make_plain(112);
		memset((void *)holders[i], 0, 112);
		holders[i][7] = make_plain(48);
	}
	for (int i = 0; i < MANY; i++) {
		if (right)
			free(holders[i][7]);
		free((void *)holders[i]);
	}
}

static APART void leave_on_stack(bool right)
{
	void *volatile words[64];
	for (int i = 0; i < 64; i++)
		words[i] = NULL;
	words[0] = make_plain(56);
	if (right)
		free(words[0]);
}

/* Nothing is scrubbed: the word lies below the stack pointer. */
static void below_stack(bool right)
{
	leave_on_stack(right);
	_exit(0);
}

static APART void *make_again(void *block)
{
	return realloc(block, 5000);
}

static void reallocated(bool right)
{
	void *block = make_again(make_plain(16));
	if (right)
		free(block);
}

static APART void *make_zeroed(void)
{
	return calloc(3, 50);
}

static APART void *make_aligned(void)
{
	return aligned_alloc(256, 512);
}

static APART void *make_posix(void)
{
	void *block = NULL;
	return posix_memalign(&block, 1024, 300) == 0 ? block : NULL;
}

static APART void *make_memalign(void)
{
	return memalign(64, 72);
}

static APART void *make_valloc(void)
{
	return valloc(1000);
}

static APART void *make_string(void)
{
	return strdup("thirty-one characters are here");
}

static APART void *make_text(void)
{
	char *text = NULL;
	return asprintf(&text, "%s %d", "a number:", 4711) > 0 ? text : NULL;
}

static void family(bool right)
{
	void *blocks[] = { make_zeroed(), make_aligned(), make_posix(), make_memalign(),
			   make_valloc(), make_string(),  make_text() };
	for (size_t i = 0; right && i < sizeof blocks / sizeof *blocks; i++)
		free(blocks[i]);
}

static void nothing_in_it(bool right)
{
	void *block = make_plain(0);
	if (right)
		held = block;
}

static APART void *make_huge(void)
{
	void **block = malloc(8 << 20);
	block[1 << 19] = make_plain(152);
	return block;
}

static void huge(bool right)
{
	void *block = make_huge();
	if (right)
		held = block;
}

/* One path leads to a node in the middle, another one to the first. */
static void held_in_part(bool right)
{
	struct node *first = make_list(8);
	held = right ? first : first->left->left->left;
}

static const struct leak_case cases[] = {
	{ "plain", plain },
	{ "several", several },
	{ "list", list },
	{ "long-list", long_list },
	{ "tree", tree },
	{ "ring", ring },
	{ "to-itself", to_itself },
	{ "ring-below", ring_below },
	{ "two-roots", two_roots },
	{ "interior", interior },
	{ "interior-list", interior_list },
	{ "tagged", tagged },
	{ "aligned-by-hand", aligned_by_hand },
	{ "past-the-end", past_the_end },
	{ "unaligned", unaligned },
	{ "hidden-pointer", hidden_pointer },
	{ "xor-list", xor_list },
	{ "in-freed", in_freed },
	{ "in-caches", in_caches },
	{ "below-stack", below_stack },
	{ "reallocated", reallocated },
	{ "family", family },
	{ "nothing-in-it", nothing_in_it },
	{ "huge", huge },
	{ "held-in-part", held_in_part },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return leaks_main(argc, argv, cases);
}

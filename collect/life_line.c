/* life_line.c - see life_line.h. The kernel's side: Documentation/locking/robust-futex-ABI.rst. */
#include "collect/life_line.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/atomics.h"

/* The list is in our own memory, where the program cannot write; only the word is in the shared
 * one, at a fixed distance from the list's entry. libc's list, which this one replaces, is empty
 * here. */
static struct robust_list_head head;
static struct robust_list entry;

void life_line_tie(struct session *s)
{
	uint32_t *word = &s->header->collector_life;
	entry.next = &head.list;
	head.list.next = &entry;
	head.futex_offset = (char *)word - (char *)&entry;
	at_store_release(word, (uint32_t)gettid());
	if (syscall(SYS_set_robust_list, &head, sizeof(head)) < 0)
		at_store_release(word, 0u);
}

void life_line_untie(void)
{
	head.list.next = &head.list;
}

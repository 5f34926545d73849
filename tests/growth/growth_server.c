/* growth_server.c - a server under load for some seconds, that loses one session in a hundred; its
 * cache fills up in the first half second.
 *
 *	growth_server MILLISECONDS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CACHE_ENTRIES = 500 };

static char *cache[CACHE_ENTRIES];

static unsigned now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static __attribute__((noinline)) char *session_open(unsigned number)
{
	char *session = malloc(64);
	snprintf(session, 64, "session %u", number);
	return session;
}

static __attribute__((noinline)) void cache_put(unsigned number)
{
	char **entry = &cache[number % CACHE_ENTRIES];
	if (!*entry)
		*entry = calloc(1, 256);
}

static __attribute__((noinline)) void request(unsigned number)
{
	char *session = session_open(number);
	char *answer = strdup("answer");
	cache_put(number);
	free(answer);
	if (number % 100)
		free(session);
}

int main(int argc, char **argv)
{
	unsigned ms = argc > 1 ? (unsigned)atoi(argv[1]) : 3000, begin = now_ms(), number = 0;
	const struct timespec pause = { 0, 200000 };
	for (; now_ms() - begin < ms; number++) {
		request(number);
		nanosleep(&pause, NULL);
	}
	printf("%u\n", number);
	return 0;
}

/* right-churn.c - what libc makes for its caller, recording that stops and goes on in between, processes and
 * threads that give back what others made; all of it right.
 *
 * usage: right-churn [THREADS]: so many at the same time, each with blocks that others free. */
#define _GNU_SOURCE
#include <argz.h>
#include <dirent.h>
#include <execinfo.h>
#include <fts.h>
#include <glob.h>
#include <iconv.h>
#include <ifaddrs.h>
#include <locale.h>
#include <malloc.h>
#include <net/if.h>
#include <netdb.h>
#include <obstack.h>
#include <pthread.h>
#include <regex.h>
#include <search.h>
#include <spawn.h>
#include <sys/wait.h>

#include "../../lib/alloctrace.h"
#include "expect.h"

#define obstack_chunk_alloc malloc
#define obstack_chunk_free  free

enum { BLOCKS = 200, ROUNDS = 20, SMALL_STACK = 65536 };

/* ---- libc ---- */

static void texts(void)
{
	char *line = NULL, *out = NULL, *argz = NULL;
	size_t cap = 0, bytes = 0;
	FILE *f = fmemopen((char *)"first line\nsecond line, which is longer\n", 39, "r");
	while (getline(&line, &cap, f) > 0)
		;
	free(line);
	fclose(f);
	CHECK(asprintf(&line, "%0300d %s", 7, "text") > 300);
	free(line);
	f = open_memstream(&out, &bytes);
	for (int i = 0; i < 3000; i++)
		fprintf(f, "%d ", i);
	fclose(f);
	free(out);
	free(keep(strdup("copied")));
	free(keep(strndup("copied in part", 6)));
	CHECK(argz_create_sep("a:b:c", ':', &argz, &bytes) == 0);
	CHECK(argz_add(&argz, &bytes, "d") == 0);
	free(argz);
	CHECK(setenv("RIGHT_CHURN", "a value", 1) == 0 && setenv("RIGHT_CHURN", "another", 1) == 0);
	unsetenv("RIGHT_CHURN");
}

static void files(void)
{
	struct dirent **names;
	glob_t found;
	char *const paths[] = { (char *)"/usr/lib/os-release", NULL };
	int count = scandir("/usr", &names, NULL, alphasort);
	CHECK(count > 0);
	while (count > 0)
		free(names[--count]);
	free(names);
	free(realpath("/usr/../usr/lib", NULL));
	free(getcwd(NULL, 0));
	free(canonicalize_file_name("/usr/../usr"));
	CHECK(glob("/usr/*", 0, NULL, &found) == 0);
	globfree(&found);
	FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	while (tree && fts_read(tree))
		;
	fts_close(tree);
	FILE *f = fopen("/proc/self/maps", "r");
	char *buffer = malloc(8000), *word = NULL;
	setvbuf(f, buffer, _IOFBF, 8000);
	CHECK(fscanf(f, "%ms", &word) == 1);
	free(word);
	fclose(f);
	free(buffer);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void tables(void)
{
	regex_t re;
	struct obstack stack;
	void *root = NULL;
	CHECK(regcomp(&re, "(a|b)*c[d-f]+", REG_EXTENDED) == 0);
	CHECK(regexec(&re, "aabacde", 0, NULL, 0) == 0);
	regfree(&re);
	for (int i = 0; i < 50; i++) {
		char *key = malloc(20);
		sprintf(key, "key %d", i);
		CHECK(tsearch(key, &root, by_text));
	}
	tdestroy(root, free);
	CHECK(hcreate(100));
	hdestroy();
	obstack_init(&stack);
	for (int i = 0; i < 500; i++)
		obstack_copy(&stack, "some bytes of it", 16);
	obstack_free(&stack, NULL);
	static char many[3000][8];
	for (int i = 0; i < 3000; i++)
		sprintf(many[i], "%d", i * 7919 % 3001);
	qsort(many, 3000, 8, by_text);
}

static void services(void)
{
	struct addrinfo *addresses, hints = { .ai_flags = AI_NUMERICHOST };
	struct ifaddrs *interfaces;
	void *frames[10];
	CHECK(getaddrinfo("127.0.0.1", "80", &hints, &addresses) == 0);
	freeaddrinfo(addresses);
	if (getifaddrs(&interfaces) == 0)
		freeifaddrs(interfaces);
	struct if_nameindex *indices = if_nameindex();
	if (indices)
		if_freenameindex(indices);
	free(backtrace_symbols(frames, backtrace(frames, 10)));
	locale_t l = newlocale(LC_ALL_MASK, "C.UTF-8", NULL), copy = l ? duplocale(l) : NULL;
	if (copy)
		freelocale(copy);
	if (l)
		freelocale(l);
	setlocale(LC_ALL, "C.UTF-8");
	setlocale(LC_ALL, "C");
	iconv_t c = iconv_open("UTF-16", "ISO-8859-1");
	if (c != (iconv_t)-1)
		iconv_close(c);
	pthread_attr_t attr;
	CHECK(pthread_getattr_np(pthread_self(), &attr) == 0);
	pthread_attr_destroy(&attr);
}

/* ---- blocks across all kinds of borders ---- */

static void *make(int i)
{
	size_t n = (size_t)(i * 131 % 2000) << i % 4;
	void *p = NULL;
	switch (i % 6) {
	case 0:
		return malloc(n);
	case 1:
		return calloc(2, n / 2);
	case 2:
		CHECK(posix_memalign(&p, 64, n) == 0);
		return p;
	case 3:
		return realloc(malloc(10), n + 1);
	case 4:
		return aligned_alloc(128, n);
	default:
		return reallocarray(malloc(1), n + 1, 2);
	}
}

static void *blocks[BLOCKS];

static void make_all(void)
{
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = make(i);
}

static void free_all(void)
{
	for (int i = 0; i < BLOCKS; i++) {
		if (i % 7 == 0)
			blocks[i] = realloc(blocks[i], (size_t)i * 50 + 1);
		free(blocks[i]);
	}
}

static void pauses(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		if (round & 1)
			alloctrace_stop();
		make_all();
		if (round & 2)
			alloctrace_stop();
		else
			alloctrace_start();
		free_all();
		alloctrace_start();
	}
}

static void tuning(void)
{
	make_all();
	mallopt(M_MMAP_THRESHOLD, 1000);
	mallopt(M_TRIM_THRESHOLD, 0);
	free_all();
	malloc_trim(0);
	make_all();
	mallopt(M_MMAP_THRESHOLD, 1 << 25);
	free_all();
	malloc_trim(0);
}

static void processes(void)
{
	make_all();
	for (int i = 0; i < 3; i++) {
		pid_t child = fork();
		if (child == 0) {
			free_all();
			make_all();
			pid_t grandchild = i == 1 ? fork() : -1;
			free_all();
			if (grandchild == 0)
				_exit(0);
			if (grandchild > 0)
				waitpid(grandchild, NULL, 0);
			exit(0);
		}
		CHECK(child > 0 && waitpid(child, NULL, 0) == child);
	}
	pid_t child;
	char *const argv[] = { (char *)"true", NULL };
	CHECK(posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) == 0);
	waitpid(child, NULL, 0);
	child = vfork();
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	free_all();
}

/* ---- threads ---- */

struct owner {
	pthread_t thread;
	int number;
	void *made[4];
};

static struct owner *owners;
static int owner_count;
static pthread_barrier_t all_made, all_freed;
static pthread_key_t key;

static void *own(void *context)
{
	struct owner *o = context;
	pthread_setspecific(key, malloc(33)); /* the end of the thread frees it */
	for (int i = 0; i < 4; i++)
		o->made[i] = make(o->number + i);
	pthread_barrier_wait(&all_made);
	struct owner *next = &owners[(o->number + 1) % owner_count];
	for (int i = 0; i < 4; i++)
		free(next->made[i]);
	pthread_barrier_wait(&all_freed);
	for (int i = 0; i < 20; i++)
		free(make(i + o->number));
	return NULL;
}

static void threads(int count)
{
	pthread_attr_t attr;
	owners = calloc((size_t)count, sizeof(*owners));
	owner_count = count;
	pthread_barrier_init(&all_made, NULL, (unsigned)count);
	pthread_barrier_init(&all_freed, NULL, (unsigned)count);
	pthread_key_create(&key, free);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, SMALL_STACK);
	for (int i = 0; i < count; i++) {
		owners[i].number = i;
		CHECK(pthread_create(&owners[i].thread, &attr, own, &owners[i]) == 0);
	}
	for (int i = 0; i < count; i++)
		pthread_join(owners[i].thread, NULL);
	pthread_attr_destroy(&attr);
	free(owners);
}

static void *until_exit;

static void at_exit(void)
{
	free(until_exit);
	free_all();
}

int main(int argc, char **argv)
{
	until_exit = malloc(77);
	texts();
	files();
	tables();
	services();
	pauses();
	tuning();
	processes();
	threads(argc > 1 ? atoi(argv[1]) : 20);
	make_all();
	atexit(at_exit);
	(void)!write(1, "survived\n", 9);
	return 0;
}

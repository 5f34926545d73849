/* api-texts.c - texts that an allocator's own functions make: mi_strdup and its like.
 *
 * usage: api-texts LIBRARY
 *
 * Prints what a trace must hold (expect.h). */
#include <dlfcn.h>
#include <string.h>

#include "expect.h"

enum { ROUNDS = 30, SHORT = 2017, LONG = 3019 };

static void *function(void *library, const char *name)
{
	void *f = dlsym(library, name);
	CHECK(f);
	return f;
}

int main(int argc, char **argv)
{
	static char long_text[LONG], path[8192];
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	CHECK(library);
	char *(*dup)(const char *) = (char *(*)(const char *))function(library, "mi_strdup");
	char *(*dup_part)(const char *, size_t) =
		(char *(*)(const char *, size_t))function(library, "mi_strndup");
	char *(*real_path)(const char *, char *) =
		(char *(*)(const char *, char *))function(library, "mi_realpath");
	void (*give_back)(void *) = (void (*)(void *))function(library, "mi_free");
	memset(long_text, 'x', LONG - 1);
	for (int i = 0; i < ROUNDS; i++) {
		give_back(dup(long_text));
		give_back(dup_part(long_text, SHORT - 1));
		CHECK(real_path("/", path) == path);
		give_back(real_path("/", NULL));
	}
	expect("size=%d allocs=%d frees=%d", LONG, ROUNDS, ROUNDS);
	expect("size=%d allocs=%d frees=%d", SHORT, ROUNDS, ROUNDS);
	return 0;
}

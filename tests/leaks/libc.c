/* libc.c - what libc allocates for its callers, and keeps for itself: that is not lost. */
#define _GNU_SOURCE
#include "leaks.h"

#include <dirent.h>
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <unistd.h>
#include <wchar.h>

static APART void make_output(void)
{
	fputs("a line\n", stdout);
	fputs("another\n", stderr);
}

/* The buffer of a standard stream. */
static void output(bool right)
{
	(void)right;
	make_output();
}

static APART FILE *make_stream(void)
{
	FILE *stream = fopen("/proc/self/maps", "r");
	return stream && getc(stream) != EOF ? stream : NULL;
}

/* libc has a list of all streams: it is not lost, if the program has forgotten it. */
static void stream(bool right)
{
	FILE *forgotten = make_stream();
	if (right)
		fclose(forgotten);
}

static APART void *make_line(void)
{
	char *line = NULL;
	size_t size = 0;
	FILE *stream = fopen("/proc/self/comm", "r");
	if (!stream || getline(&line, &size, stream) < 0)
		exit(98);
	fclose(stream);
	return line;
}

static void lines(bool right)
{
	void *line = make_line();
	if (right)
		free(line);
}

static APART DIR *make_directory(void)
{
	return opendir("/");
}

static void directory(bool right)
{
	DIR *opened = make_directory();
	if (right)
		closedir(opened);
}

static APART void make_variables(void)
{
	setenv("SOME_VARIABLE", "and its value", 1);
	setenv("SOME_VARIABLE", "and another one, that is longer", 1);
}

static APART char *make_variable(void)
{
	return strdup("OTHER_VARIABLE=with a value");
}

/* glibc keeps all values that setenv() ever made; what putenv() got belongs to the program. */
static void variables(bool right)
{
	make_variables();
	putenv(make_variable());
	if (!right)
		unsetenv("OTHER_VARIABLE");
}

static void do_nothing(void)
{
}

static APART void make_handlers(void)
{
	for (int i = 0; i < 100; i++)
		atexit(do_nothing);
}

static void handlers(bool right)
{
	(void)right;
	make_handlers();
}

static APART void make_locale(void)
{
	setlocale(LC_ALL, "C.UTF-8");
	wchar_t wide[8];
	mbstowcs(wide, "\303\244", 8);
}

static void locales(bool right)
{
	(void)right;
	make_locale();
}

static APART void make_pattern(regex_t *pattern)
{
	if (regcomp(pattern, "^(a|b)*[cd]+$", REG_EXTENDED) != 0)
		exit(98);
}

static APART void match(bool right)
{
	regex_t pattern;
	make_pattern(&pattern);
	if (right)
		regfree(&pattern);
}

static void pattern(bool right)
{
	match(right);
}

static APART FILE *make_memory_stream(char **text, size_t *length)
{
	FILE *stream = open_memstream(text, length);
	fputs("some text", stream);
	fclose(stream);
	return stream;
}

static void memory_stream(bool right)
{
	char *text;
	size_t length;
	make_memory_stream(&text, &length);
	if (right)
		free(text);
}

static const struct leak_case cases[] = {
	{ "output", output },
	{ "stream", stream },
	{ "lines", lines },
	{ "directory", directory },
	{ "variables", variables },
	{ "handlers", handlers },
	{ "locales", locales },
	{ "pattern", pattern },
	{ "memory-stream", memory_stream },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return leaks_main(argc, argv, cases);
}

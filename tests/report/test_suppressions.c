/* test_suppressions.c - patterns, files of suppressions, and what they match. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/suppressions.h"
#include "tests/trace/check.h"
#include "util/mem.h"
#include "wire/findings.h"

static void test_patterns(void)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "free", "release_free(void*)", true },
		{ "fre_", "release_free(void*)", false },
		{ "^release", "release_free(void*)", true },
		{ "^free", "release_free(void*)", false },
		{ "free$", "release_free", true },
		{ "free$", "release_free(void*)", false },
		{ "^release_free$", "release_free", true },
		{ "^release_free$", "release_free2", false },
		{ "^re*free$", "release_free", true },
		{ "^re*free", "reach_fre", false },
		{ "a*b*c", "xxaxxbxxcxx", true },
		{ "a*b*c", "xxaxxcxxbxx", false },
		{ "*", "", true },
		{ "^*$", "anything", true },
		{ "^$", "", true },
		{ "^$", "x", false },
		{ "^", "x", true },
		{ "$", "x", true },
		{ "^release(void*)$", "release(void*)", true },
		{ "operator^", "operator^(a, b)", true },
		{ "^ab*ab$", "ab", false },
		{ "^*aab$", "aaab", true },
	};
	for (size_t i = 0; i < AT_COUNT_OF(cases); i++)
		CHECK(suppression_pattern_matches(cases[i].pattern, cases[i].text) ==
			      cases[i].matches,
		      "'%s' and '%s'", cases[i].pattern, cases[i].text);
	/* Many stars must not take for ever. */
	char *text = malloc(20001);
	CHECK(text, "memory");
	memset(text, 'a', 20000);
	text[20000] = '\0';
	CHECK(!suppression_pattern_matches("a*a*a*a*a*a*a*a*a*b", text), "stars");
	free(text);
}

static char *path;

static int load(struct suppressions *s, const char *text, size_t len, struct err *err)
{
	FILE *f = fopen(path, "w");
	CHECK(f && fwrite(text, 1, len, f) == len && fclose(f) == 0, "%s", path);
	*s = (struct suppressions){ NULL, 0, 0 };
	return suppressions_load(s, path, err);
}

static void refused(const char *text, size_t len, const char *why)
{
	struct suppressions s;
	struct err err = { "" };
	CHECK(load(&s, text, len, &err) < 0 && strstr(err.text, why), "it says %s, should say %s",
	      err.text, why);
	suppressions_release(&s);
}

static void test_files(void)
{
	static const char good[] = "# a comment\n\n  leak:libcrypto  \r\ndouble:^a b$\n"
				   "\t# another\nmismatch:x:y\ncross:*\ninvalid:last line";
	struct suppressions s;
	struct err err = { "" };
	CHECK(load(&s, good, strlen(good), &err) == 0, "%s", err.text);
	CHECK(s.count == 5 && strcmp(s.items[0].kind, "leak") == 0 &&
		      strcmp(s.items[0].pattern, "libcrypto") == 0 && s.items[0].line == 3,
	      "spaces and comments");
	CHECK(strcmp(s.items[1].pattern, "^a b$") == 0 && strcmp(s.items[2].pattern, "x:y") == 0 &&
		      strcmp(s.items[4].pattern, "last line") == 0 && s.items[4].line == 8,
	      "patterns");
	CHECK(!suppression_is_unused(&s.items[0]) && suppression_is_unused(&s.items[1]),
	      "leaks are another's business");
	suppressions_release(&s);
	refused("leak:a\nrace:b\n", 14, ":2: 'race:b' does not begin with");
	refused("double\n", 7, ":1: 'double' does not begin with");
	refused("double:\n", 8, ":1: a pattern is missing");
	refused("double:a\0b\n", 11, ":1: this is no text");
	unlink(path);
	s = (struct suppressions){ NULL, 0, 0 };
	CHECK(suppressions_load(&s, path, &err) < 0 && strstr(err.text, "No such file"), "%s",
	      err.text);
	CHECK(suppressions_load(&s, "/", &err) < 0 && strstr(err.text, "cannot read"), "%s",
	      err.text);
	suppressions_release(&s);
}

static void test_matching(void)
{
	static const struct {
		const char *line;
		bool matches;
	} cases[] = {
		{ "double:release", true },
		{ "mismatch:release", false },
		{ "double:^make$", true },
		{ "double:first.c", true },
		{ "double:libplug", true },
		{ "double:^libplug", false },
		{ "double:^/opt/libplug.so$", true },
		{ "double:nothing", false },
		{ "leak:release", false },
	};
	struct finding_story story = { .finding = { .class = FINDING_DOUBLE } };
	story_stack_add(
		&story.stacks[STORY_RELEASE],
		&(struct story_frame){ .function = "release(\n)", .module = "/opt/libplug.so" });
	story_stack_add(&story.stacks[STORY_MADE],
			&(struct story_frame){ .function = "make", .module = "" });
	story_stack_add(&story.stacks[STORY_FIRST],
			&(struct story_frame){ .file = "/src/first.c", .module = "/bin/a" });
	for (size_t i = 0; i < AT_COUNT_OF(cases); i++) {
		struct suppressions s;
		struct err err = { "" };
		CHECK(load(&s, cases[i].line, strlen(cases[i].line), &err) == 0, "%s", err.text);
		CHECK(suppressions_match(&s, &story) == cases[i].matches &&
			      s.items[0].used == cases[i].matches,
		      "%s", cases[i].line);
		suppressions_release(&s);
	}
	CHECK(!suppressions_match(NULL, &story), "no suppressions");
	struct strbuf text = STRBUF_INIT;
	suppression_add_for(&text, &story);
	CHECK(strstr(text.text, "\ndouble:^release(*)$\n"), "%s", text.text);
	strbuf_release(&text);
	finding_story_release(&story);
}

int main(void)
{
	const char *dir = getenv("TMPDIR");
	path = mem_printf("%s/alloctrace-suppressions.%ld", dir ? dir : "/tmp", (long)getpid());
	test_patterns();
	test_files();
	test_matching();
	unlink(path);
	free(path);
	return 0;
}

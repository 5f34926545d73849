/* test_symbol.c - the parts of symbol/ that need no files: range maps against a slow model, names,
 * and demangling within its bounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"
#include "symbol/names.h"
#include "symbol/pool.h"
#include "symbol/range_map.h"
#include "util/mem.h"

static int failures;

static void check(bool good, const char *what)
{
	if (good)
		return;
	failures++;
	fprintf(stderr, "FAILED: %s\n", what);
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* The highest rank among the ranges that hold the address. */
static uint32_t model_find(const struct range *ranges, size_t count, uint64_t address)
{
	const struct range *best = NULL;
	for (size_t i = 0; i < count; i++)
		if (address >= ranges[i].low && address < ranges[i].high &&
		    (!best || ranges[i].rank > best->rank))
			best = &ranges[i];
	return best ? best->value : RANGE_NONE;
}

static void test_range_map(void)
{
	enum { SPACE = 200, MOST = 60 };
	uint32_t seed = 12345;
	for (int round = 0; round < 2000; round++) {
		struct range ranges[MOST];
		struct range_map map = { .ranges = NULL };
		size_t count = next_random(&seed) % MOST;
		for (size_t i = 0; i < count; i++) {
			uint64_t low = next_random(&seed) % SPACE;
			ranges[i] = (struct range){ .low = low,
						    .high = low + next_random(&seed) % 40,
						    .rank = (uint32_t)((i * 7919) % 1009),
						    .value = (uint32_t)i };
			range_map_add(&map, ranges[i].low, ranges[i].high, ranges[i].rank,
				      ranges[i].value);
		}
		range_map_build(&map);
		bool good = map.piece_count <= 2 * count;
		for (uint64_t at = 0; at < SPACE + 60; at++)
			good &= range_map_find(&map, at) == model_find(ranges, count, at);
		for (size_t i = 1; i < map.piece_count; i++)
			good &= map.pieces[i - 1].high <= map.pieces[i].low;
		check(good, "a range map answers as the model does");
		range_map_release(&map);
	}
	struct range_map map = { .ranges = NULL };
	range_map_add(&map, 5, 5, 1, 1);
	range_map_add(&map, 9, 3, 1, 1);
	range_map_add(&map, UINT64_MAX - 1, UINT64_MAX, 1, 7);
	range_map_build(&map);
	check(map.piece_count == 1 && range_map_find(&map, UINT64_MAX - 1) == 7 &&
		      range_map_find(&map, UINT64_MAX) == RANGE_NONE &&
		      range_map_find(&map, 5) == RANGE_NONE,
	      "empty and inverted ranges are ignored");
	range_map_release(&map);
	check(range_map_find(&map, 0) == RANGE_NONE, "an empty map holds nothing");
}

static void check_demangled(const char *mangled, const char *wanted)
{
	struct strbuf out = STRBUF_INIT;
	strbuf_adds(&out, "before ");
	bool done = demangle(mangled, &out);
	bool good = wanted ? done && strcmp(out.text + 7, wanted) == 0
			   : !done && strcmp(out.text, "before ") == 0;
	if (!good)
		fprintf(stderr, "%.100s gave %.200s\n", mangled, out.text);
	check(good, "demangling");
	strbuf_release(&out);
}

/* "_Z1f" with `depth` times a pattern and an end. */
static char *repeated(const char *start, const char *pattern, int times, const char *end)
{
	struct strbuf text = STRBUF_INIT;
	strbuf_adds(&text, start);
	for (int i = 0; i < times; i++)
		strbuf_adds(&text, pattern);
	strbuf_adds(&text, end);
	return strbuf_detach(&text);
}

/* A name of a few hundred bytes that stands for 2^depth arguments: each one twice the one before.
 */
static char *bomb(int depth)
{
	struct strbuf text = STRBUF_INIT;
	strbuf_adds(&text, "_Z1f1AIiiE");
	for (int i = 0; i < depth; i++) {
		/* Substitution S1_, S2_, ... is the type just made. */
		static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
		char last[2] = { digits[i % 36], '\0' };
		strbuf_addf(&text, "S_IS%s_S%s_E", last, last);
	}
	return strbuf_detach(&text);
}

static void test_bounds(void)
{
	static const struct {
		const char *start, *pattern, *end;
	} shapes[] = {
		{ "_Z1f", "P", "i" },		{ "_Z1f", "1AI", "i" },	 { "_Z1f", "PFvv", "E" },
		{ "_ZN", "1aI", "E" },		{ "_Z1fIX", "ad", "i" }, { "_Z1f", "N1aE", "" },
		{ "_RNvC6", "RNv", "_1a3foo" }, { "_RI", "R", "mE" },	 { "_Z", "ZN1aE", "E" },
		{ "_Z1f", "T_", "E" },		{ "_Z1fDp", "Dp", "i" }, { "_Z1fIJ", "JS_", "EE" },
	};
	static const int lengths[] = { 1, 10, 200, 500, 1000, 1300, 2000, 4000, 100000 };
	struct strbuf out = STRBUF_INIT;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			char *name = repeated(shapes[i].start, shapes[i].pattern, lengths[j],
					      shapes[i].end);
			strbuf_clear(&out);
			demangle(name, &out);
			check(out.len <= 40000, "no name grows without end");
			free(name);
		}
	for (int depth = 1; depth < 64; depth++) {
		char *name = bomb(depth);
		strbuf_clear(&out);
		demangle(name, &out);
		check(out.len <= 40000, "no name grows without end");
		free(name);
	}
	strbuf_release(&out);
}

static void test_random_names(void)
{
	static const char letters[] = "_ZNSKPRFEIJXTLDCMtasdcibvhjm0123456789$.";
	uint32_t seed = 99;
	struct strbuf out = STRBUF_INIT;
	for (int i = 0; i < 20000; i++) {
		char name[80] = "_Z";
		size_t len = 2 + next_random(&seed) % 70;
		if (i % 3 == 0)
			name[1] = 'R';
		for (size_t at = 2; at < len; at++)
			name[at] = letters[next_random(&seed) % (sizeof(letters) - 1)];
		strbuf_clear(&out);
		demangle(name, &out);
	}
	strbuf_release(&out);
}

static void test_demangle(void)
{
	check_demangled("main", NULL);
	check_demangled("", NULL);
	check_demangled("_", NULL);
	check_demangled("_Z", NULL);
	check_demangled("_Znwm", "operator new(unsigned long)");
	check_demangled("_ZNSt6vectorIiSaIiEE9push_backEOi",
			"std::vector<int, std::allocator<int> >::push_back(int&&)");
	check_demangled("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE",
			"core::fmt::Formatter::pad");
	check_demangled("_RNvCskwGfYPst2Cb_3foo3bar", "foo::bar");
	check_demangled("_Z3fooi.cold", "foo(int) [clone .cold]");
	char *text = repeated("_Z1500", "a", 1500, "i"); /* longer than libiberty takes by itself */
	char *wanted = repeated("", "a", 1500, "(int)");
	check_demangled(text, wanted);
	free(text);
	free(wanted);
	test_bounds();
	test_random_names();
}

static void test_names(void)
{
	struct pool pool = { .newest = NULL };
	struct names names;
	names_init(&names, &pool);
	const char *first = names_plain(&names, "some/path.c and more", 11);
	check(strcmp(first, "some/path.c") == 0, "the length counts");
	char text[32];
	for (int i = 0; i < 5000; i++) {
		int len = snprintf(text, sizeof(text), "name%d", i);
		names_plain(&names, text, (size_t)len);
	}
	check(names_plain(&names, "some/path.c", 11) == first, "equal strings have equal pointers");
	check(strcmp(names_function(&names, "_Znwm", 5), "operator new(unsigned long)") == 0 &&
		      names_function(&names, "main", 4) == names_plain(&names, "main", 4),
	      "functions are demangled");
	char *large = pool_take(&pool, 1 << 20);
	memset(large, 1, 1 << 20);
	check(strcmp(first, "some/path.c") == 0, "what is in the pool stays");
	names_release(&names);
	pool_release(&pool);
}

int main(void)
{
	test_range_map();
	test_demangle();
	test_names();
	return failures > 0;
}

/* evidence_texts.c - see evidence_texts.h. */
#include "symbol/evidence_texts.h"

#include <ctype.h>
#include <string.h>

#include "base/compiler.h"

enum text_use { TEXT_OPTION, TEXT_CRATE, TEXT_RUST };

static const struct text {
	enum text_use use;
	enum family family;
	const char *text;
} texts[] = {
	{ TEXT_OPTION, FAMILY_MIMALLOC, "purge_delay" },
	{ TEXT_OPTION, FAMILY_MIMALLOC, "allow_large_os_pages" },
	{ TEXT_OPTION, FAMILY_MIMALLOC, "disallow_arena_alloc" },
	{ TEXT_OPTION, FAMILY_MIMALLOC, "reserve_huge_os_pages" },
	{ TEXT_OPTION, FAMILY_JEMALLOC, "dirty_decay_ms" },
	{ TEXT_OPTION, FAMILY_JEMALLOC, "oversize_threshold" },
	{ TEXT_OPTION, FAMILY_JEMALLOC, "background_thread" },
	{ TEXT_OPTION, FAMILY_JEMALLOC, "prof_gdump_val" },
	{ TEXT_OPTION, FAMILY_TCMALLOC, "tcmalloc.max_total_thread_cache_bytes" },
	{ TEXT_OPTION, FAMILY_TCMALLOC, "tcmalloc.pageheap_free_bytes" },
	{ TEXT_OPTION, FAMILY_TCMALLOC, "TCMALLOC_RELEASE_RATE" },
	{ TEXT_OPTION, FAMILY_SCUDO, "dealloc_type_mismatch" },
	{ TEXT_OPTION, FAMILY_SCUDO, "delete_size_mismatch" },
	{ TEXT_OPTION, FAMILY_GLIBC, "glibc.malloc.tcache_count" },
	{ TEXT_OPTION, FAMILY_GLIBC, "glibc.malloc.arena_max" },
	{ TEXT_OPTION, FAMILY_TBBMALLOC, "TBB_MALLOC_USE_HUGE_PAGES" },
	{ TEXT_OPTION, FAMILY_TBBMALLOC, "TBB_MALLOC_SET_HUGE_SIZE_THRESHOLD" },
	{ TEXT_CRATE, FAMILY_MIMALLOC, "/libmimalloc-sys" },
	{ TEXT_CRATE, FAMILY_MIMALLOC, "/mimalloc-safe-" },
	{ TEXT_CRATE, FAMILY_MIMALLOC, "/mimalloc-0" },
	{ TEXT_CRATE, FAMILY_JEMALLOC, "/tikv-jemalloc" },
	{ TEXT_CRATE, FAMILY_JEMALLOC, "/jemalloc-sys-" },
	{ TEXT_CRATE, FAMILY_JEMALLOC, "/jemallocator-" },
	{ TEXT_CRATE, FAMILY_SNMALLOC, "/snmalloc-rs-" },
	{ TEXT_CRATE, FAMILY_SNMALLOC, "/snmalloc-sys-" },
	{ TEXT_CRATE, FAMILY_RPMALLOC, "/rpmalloc-sys-" },
	{ TEXT_RUST, FAMILY_RUST, "/library/core/src/" },
	{ TEXT_RUST, FAMILY_RUST, "/library/alloc/src/" },
	{ TEXT_RUST, FAMILY_RUST, "/library/std/src/" },
};

static void take_option(struct evidence_texts *out, const struct text *text, const uint8_t *begin,
			const uint8_t *at, const uint8_t *end)
{
	const char **options = out->options[text->family];
	size_t *count = &out->option_count[text->family];
	const uint8_t *after = at + strlen(text->text);
	/* A word of its own: the longer ones of other tables are others. */
	if ((at > begin && (isalnum(at[-1]) || at[-1] == '_')) ||
	    (after < end && (isalnum(*after) || *after == '_')))
		return;
	for (size_t i = 0; i < *count; i++)
		if (options[i] == text->text)
			return;
	if (*count < EVIDENCE_OPTIONS_MAX)
		options[(*count)++] = text->text;
}

/* "libmimalloc-sys-0.1.35" of ".../registry/src/index.crates.io-1949/libmimalloc-sys-0.1.35/c_src".
 */
static void take_crate(struct evidence_texts *out, const struct text *text, const uint8_t *at,
		       const uint8_t *end)
{
	struct evidence_crate crate = { .family = text->family };
	size_t bytes = 0;
	bool digit = false;
	for (at++; at + bytes < end && bytes < sizeof(crate.name) - 1; bytes++) {
		uint8_t c = at[bytes];
		if (!isalnum(c) && c != '-' && c != '.' && c != '+' && c != '_')
			break;
		digit |= isdigit(c) && bytes > 0 && at[bytes - 1] == '-';
	}
	if (!digit || at + bytes >= end || (at[bytes] != '/' && at[bytes] != '\\'))
		return;
	memcpy(crate.name, at, bytes);
	for (size_t i = 0; i < out->crate_count; i++)
		if (strcmp(out->crates[i].name, crate.name) == 0)
			return;
	if (out->crate_count < EVIDENCE_CRATES_MAX)
		out->crates[out->crate_count++] = crate;
}

/* "/usr/src/rustc-1.63.0/library/core/src/...": where Debian's compiler says that its source is. */
static void take_rust_version(struct evidence_texts *out, const uint8_t *begin, const uint8_t *at)
{
	static const char before[] = "/rustc-";
	const size_t bytes = sizeof(before) - 1;
	const uint8_t *version = at;
	while (version > begin && (isdigit(version[-1]) || version[-1] == '.'))
		version--;
	if (out->rust_version[0] || version == at || (size_t)(version - begin) < bytes ||
	    (size_t)(at - version) >= sizeof(out->rust_version) ||
	    memcmp(version - bytes, before, bytes) != 0)
		return;
	memcpy(out->rust_version, version, (size_t)(at - version));
}

/* "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/..." */
static void take_rust_commit(struct evidence_texts *out, const uint8_t *begin, const uint8_t *at)
{
	enum { COMMIT_BYTES = 40 };
	static const char before[] = "/rustc/";
	size_t bytes = sizeof(before) - 1;
	if (out->rust_commit[0] || (size_t)(at - begin) < COMMIT_BYTES + bytes ||
	    memcmp(at - COMMIT_BYTES - bytes, before, bytes) != 0)
		return;
	for (size_t i = 1; i <= COMMIT_BYTES; i++)
		if (!isxdigit(at[-(ptrdiff_t)i]))
			return;
	memcpy(out->rust_commit, at - COMMIT_BYTES, COMMIT_BYTES);
}

static void on_hit(void *context, size_t id, const uint8_t *begin, const uint8_t *at,
		   const uint8_t *end)
{
	switch (texts[id].use) {
	case TEXT_OPTION:
		take_option(context, &texts[id], begin, at, end);
		break;
	case TEXT_CRATE:
		take_crate(context, &texts[id], at, end);
		break;
	case TEXT_RUST:
		take_rust_commit(context, begin, at);
		take_rust_version(context, begin, at);
		break;
	}
}

void evidence_texts_find(struct evidence_texts *out, const struct constants *in, size_t count)
{
	struct text_search *search = text_search_new();
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < AT_COUNT_OF(texts); i++)
		text_search_add(search, texts[i].text, strlen(texts[i].text));
	for (size_t i = 0; i < count; i++)
		text_search_run(search, &in[i], on_hit, out);
	text_search_free(search);
}

/* interpreter.c - see interpreter.h. */
#include "link/interpreter.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "elf/elf_file.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/strbuf.h"

enum {
	INTERPRETER_MAX_BYTES = 16 << 20,
	DIRECTORIES_MAX = 64,
	CACHE_ID_OTHER = -1,
};

/* glibc's sysdeps/.../dl-cache.h and ldsodefs; the directories where ld.so cannot be asked. */
static const struct machine {
	uint16_t machine;
	uint8_t bits;
	int32_t cache_id;
	const char *interpreter, *triplet, *platform, *lib;
} machines[] = {
	{ EM_X86_64, 64, 0x0303, "/lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu", "x86_64",
	  "lib64" },
	{ EM_X86_64, 32, 0x0803, "/libx32/ld-linux-x32.so.2", "x86_64-linux-gnux32", "x86_64",
	  "libx32" },
	{ EM_386, 32, 0x0003, "/lib/ld-linux.so.2", "i386-linux-gnu", "i686", "lib" },
	{ EM_AARCH64, 64, 0x0a03, "/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu", "aarch64",
	  "lib64" },
	{ EM_ARM, 32, 0x0903, "/lib/ld-linux-armhf.so.3", "arm-linux-gnueabihf", "v7l", "lib" },
	{ EM_RISCV, 64, 0x1003, "/lib/ld-linux-riscv64-lp64d.so.1", "riscv64-linux-gnu", NULL,
	  "lib64/lp64d" },
	{ EM_PPC64, 64, 0x0503, "/lib64/ld64.so.2", "powerpc64le-linux-gnu", NULL, "lib64" },
	{ EM_S390, 64, 0x0403, "/lib/ld64.so.1", "s390x-linux-gnu", NULL, "lib64" },
	{ EM_LOONGARCH, 64, 0x1203, "/lib64/ld-linux-loongarch-lp64d.so.1", "loongarch64-linux-gnu",
	  NULL, "lib64" },
};
static const struct machine unknown = { EM_NONE, 64, CACHE_ID_OTHER, "", "", NULL, "lib" };

static const struct machine *machine_of(uint16_t machine, uint8_t bits)
{
	for (size_t i = 0; i < AT_COUNT_OF(machines); i++)
		if (machines[i].machine == machine && machines[i].bits == bits)
			return &machines[i];
	return &unknown;
}

static void add_directory(struct interpreter *l, const char *path)
{
	if (l->directory_count == DIRECTORIES_MAX)
		return;
	l->directories = mem_grow(l->directories, &l->directory_cap, l->directory_count + 1,
				  sizeof(*l->directories));
	l->directories[l->directory_count++] = mem_strdup(path);
}

static void drop_directories(struct interpreter *l)
{
	for (size_t i = 0; i < l->directory_count; i++)
		free(l->directories[i]);
	l->directory_count = 0;
}

static void add_usual(struct interpreter *l, const struct machine *m)
{
	static const char *const tops[] = { "/lib/", "/usr/lib/" };
	struct strbuf path = STRBUF_INIT;
	for (size_t i = 0; *m->triplet && i < AT_COUNT_OF(tops); i++) {
		strbuf_clear(&path);
		strbuf_addf(&path, "%s%s/", tops[i], m->triplet);
		add_directory(l, path.text);
	}
	for (size_t i = 0; i < AT_COUNT_OF(tops); i++) {
		strbuf_clear(&path);
		strbuf_addf(&path, "%s%s/", i ? "/usr/" : "/", m->lib);
		if (strcmp(m->lib, "lib") != 0)
			add_directory(l, path.text);
		add_directory(l, tops[i]);
	}
	strbuf_release(&path);
}

/* ---- its strings ---- */

static bool is_directory_text(const char *text, size_t bytes)
{
	if (bytes < 2 || bytes > 4096 || text[0] != '/' || text[bytes - 1] != '/')
		return false;
	for (size_t i = 0; i < bytes; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return strstr(text, "lib") != NULL;
}

/* The directories stand one after the other, each ended by a zero; the first such list of two is
 * taken, or a list of one where there is none. */
static void take_directories(struct interpreter *l, const char *text, size_t left)
{
	size_t before = l->directory_count;
	if (before > 1)
		return;
	drop_directories(l);
	while (left) {
		const size_t bytes = strnlen(text, left);
		if (bytes == left || !is_directory_text(text, bytes))
			break;
		add_directory(l, text);
		text += bytes + 1;
		left -= bytes + 1;
	}
}

static bool ends_with(const char *text, size_t bytes, const char *end)
{
	const size_t count = strlen(end);
	return bytes >= count && memcmp(text + bytes - count, end, count) == 0;
}

/* Strings are not aligned: a list begins where a string does. */
static void read_strings(struct interpreter *l, const char *data, size_t count)
{
	for (size_t at = 0; at < count;) {
		const size_t bytes = strnlen(data + at, count - at);
		if (bytes == count - at)
			return;
		const char *text = data + at;
		if (is_directory_text(text, bytes))
			take_directories(l, text, count - at);
		else if (text[0] == '/' && ends_with(text, bytes, "/ld.so.cache") && !l->cache)
			l->cache = mem_strdup(text);
		else if (bytes > 6 && memcmp(text, "Legacy", 6) == 0 && strstr(text, "HWCAP"))
			l->has_legacy_hwcaps = true;
		at += bytes + 1;
	}
}

static bool read_file(struct interpreter *l)
{
	struct err err;
	struct stat st;
	int fd = elf_open_regular(l->path, &err);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size < INTERPRETER_MAX_BYTES) {
		char *data = mem_alloc((size_t)st.st_size);
		const ssize_t got = pread(fd, data, (size_t)st.st_size, 0);
		if (got > 0)
			read_strings(l, data, (size_t)got);
		free(data);
	}
	close(fd);
	return true;
}

/* ---- musl ---- */

/* "/lib/ld-musl-x86_64.so.1" has its list in /etc/ld-musl-x86_64.path: one a line, or with colons.
 */
static void add_listed(struct interpreter *l, char *list)
{
	char *rest = NULL;
	for (char *one = strtok_r(list, ":\n", &rest); one; one = strtok_r(NULL, ":\n", &rest)) {
		struct strbuf path = STRBUF_INIT;
		strbuf_adds(&path, one);
		if (path.text[path.len - 1] != '/')
			strbuf_addc(&path, '/');
		add_directory(l, path.text);
		strbuf_release(&path);
	}
}

static void read_musl(struct interpreter *l)
{
	enum { LIST_MAX_BYTES = 1 << 16 };
	char usual[] = "/lib:/usr/local/lib:/usr/lib", *list = mem_zalloc(LIST_MAX_BYTES, 1);
	const char *name = path_name(l->path);
	struct strbuf path = STRBUF_INIT;
	struct err err;
	strbuf_addf(&path, "/etc/%.*s.path", (int)strcspn(name, "."), name);
	int fd = elf_open_regular(path.text, &err);
	if (fd >= 0 && read(fd, list, LIST_MAX_BYTES - 1) >= 0)
		add_listed(l, list);
	else
		add_listed(l, usual);
	if (fd >= 0)
		close(fd);
	strbuf_release(&path);
	free(list);
}

/* ---- the whole ---- */

/* "lib/x86_64-linux-gnu" of "/lib/x86_64-linux-gnu/". */
static void set_lib(struct interpreter *l, const struct machine *m)
{
	const char *first = l->directory_count ? l->directories[0] : "";
	const size_t bytes = strlen(first);
	if (bytes > 2 && strncmp(first, "/lib", 4) == 0)
		l->lib = mem_strndup(first + 1, bytes - 2);
	else
		l->lib = mem_strdup(m->lib);
}

enum interpreter_kind interpreter_kind_of(const char *path)
{
	const char *name = path_name(path);
	if (strncmp(name, "ld-musl", 7) == 0)
		return INTERPRETER_MUSL;
	return strncmp(name, "ld-linux", 8) == 0 || strncmp(name, "ld64", 4) == 0 ||
			       strncmp(name, "ld.so", 5) == 0 || strncmp(name, "ld-2.", 5) == 0
		       ? INTERPRETER_GLIBC
		       : INTERPRETER_OTHER;
}

bool interpreter_is_musl_libc(const char *name)
{
	static const char *const parts[] = {
		"c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."
	};
	if (strncmp(name, "lib", 3) != 0)
		return false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strncmp(name + 3, parts[i], strlen(parts[i])) == 0)
			return true;
	return false;
}

static const char *platform_of(const struct machine *m)
{
#if defined(__x86_64__)
	if (m->machine == EM_X86_64 && m->bits == 64) {
		const char *own = (const char *)getauxval(AT_PLATFORM);
		__builtin_cpu_init();
		if (__builtin_cpu_is("intel") && __builtin_cpu_supports("avx2") &&
		    __builtin_cpu_supports("bmi2"))
			return "haswell";
		return own ? own : m->platform;
	}
#endif
	return m->platform;
}

void interpreter_read(struct interpreter *out, const char *interpreter, uint16_t machine,
		      uint8_t bits)
{
	const struct machine *m = machine_of(machine, bits);
	*out = (struct interpreter){ .path = mem_strdup(interpreter ? interpreter : m->interpreter),
				     .cache_id = m->cache_id,
				     .platform = platform_of(m) };
	out->kind = interpreter_kind_of(out->path);
	if (out->kind == INTERPRETER_MUSL) {
		out->is_missing = access(out->path, R_OK) < 0;
		read_musl(out);
	} else {
		out->is_missing = !read_file(out);
	}
	if (out->directory_count == 0)
		add_usual(out, m);
	if (!out->cache && out->kind != INTERPRETER_MUSL)
		out->cache = mem_strdup("/etc/ld.so.cache");
	set_lib(out, m);
}

void interpreter_release(struct interpreter *loader)
{
	drop_directories(loader);
	free(loader->directories);
	free(loader->path);
	free(loader->cache);
	free(loader->lib);
	*loader = (struct interpreter){ .kind = INTERPRETER_OTHER };
}

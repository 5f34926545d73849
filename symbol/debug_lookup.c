/* debug_lookup.c - see debug_lookup.h. */
#include "symbol/debug_lookup.h"

#include <dlfcn.h>
#include <elfutils/libdwelf.h>
#include <lzma.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "symbol/module_files.h"
#include "util/path.h"
#include "util/strbuf.h"

enum { MIN_BUILD_ID_BYTES = 3, SILENCE_S = 5, MANY_CALLS = 10000 };

static bool open_checked(struct elf_file *file, const char *path, const struct elf_build_id *id)
{
	struct elf_build_id found;
	if (elf_file_open(file, path, NULL) < 0)
		return false;
	elf_build_id_read(file->elf, &found);
	if (elf_build_id_equal(&found, id->bytes, id->count))
		return true;
	elf_file_close(file);
	return false;
}

bool debug_lookup_by_build_id(struct elf_file *file, const struct debug_roots *roots,
			      const struct elf_build_id *id)
{
	if (id->count < MIN_BUILD_ID_BYTES)
		return false;
	bool found = false;
	struct strbuf path = STRBUF_INIT;
	for (size_t i = 0; i < roots->count && !found; i++) {
		strbuf_clear(&path);
		strbuf_addf(&path, "%s/.build-id/%02x/", roots->paths[i], id->bytes[0]);
		for (uint32_t b = 1; b < id->count; b++)
			strbuf_addf(&path, "%02x", id->bytes[b]);
		strbuf_adds(&path, ".debug");
		found = open_checked(file, path.text, id);
	}
	strbuf_release(&path);
	return found;
}

static bool checksum_is(const struct elf_file *file, uint32_t expected)
{
	size_t bytes;
	const char *content = elf_rawfile(file->elf, &bytes);
	return content && lzma_crc32((const uint8_t *)content, bytes, 0) == expected;
}

struct link {
	const char *name;
	uint32_t checksum;
	struct elf_build_id id; /* of the main file */
	const struct elf_file *main_file;
};

static bool try_link(struct elf_file *file, const struct link *link, const char *path)
{
	if (link->id.count > 0)
		return open_checked(file, path, &link->id);
	if (elf_file_open(file, path, NULL) < 0)
		return false;
	bool same =
		file->device == link->main_file->device && file->inode == link->main_file->inode;
	if (!same && checksum_is(file, link->checksum))
		return true;
	elf_file_close(file);
	return false;
}

bool debug_lookup_by_link(struct elf_file *file, const struct debug_roots *roots,
			  const struct elf_file *main_file, const char *main_path)
{
	struct link link = { .main_file = main_file };
	link.name = dwelf_elf_gnu_debuglink(main_file->elf, &link.checksum);
	/* A plain file name by definition; anything else would lead to another directory. */
	if (!link.name || !link.name[0] || strchr(link.name, '/'))
		return false;
	elf_build_id_read(main_file->elf, &link.id);
	int dir = (int)path_directory_bytes(main_path);
	struct strbuf path = STRBUF_INIT;
	strbuf_addf(&path, "%.*s%s", dir, main_path, link.name);
	bool found = try_link(file, &link, path.text);
	if (!found) {
		strbuf_clear(&path);
		strbuf_addf(&path, "%.*s.debug/%s", dir, main_path, link.name);
		found = try_link(file, &link, path.text);
	}
	for (size_t i = 0; i < roots->count && !found && main_path[0] == '/'; i++) {
		strbuf_clear(&path);
		strbuf_addf(&path, "%s%.*s%s", roots->paths[i], dir, main_path, link.name);
		found = try_link(file, &link, path.text);
	}
	strbuf_release(&path);
	return found;
}

bool debug_lookup_alt(struct elf_file *file, const struct debug_roots *roots, const char *of,
		      const char *name, const struct elf_build_id *id)
{
	if (debug_lookup_by_build_id(file, roots, id))
		return true;
	struct strbuf path = STRBUF_INIT;
	if (name[0] != '/')
		strbuf_addf(&path, "%.*s", (int)path_directory_bytes(of), of);
	strbuf_adds(&path, name);
	bool found = open_checked(file, path.text, id);
	strbuf_release(&path);
	return found || (!roots->no_servers && debug_lookup_by_debuginfod(file, id, NULL));
}

/* libdebuginfod is loaded only when it is asked for: it brings a whole HTTP client with it. Its
 * interface, so that building does not need its header either: */
struct debuginfod_client;
typedef int (*debuginfod_progress)(struct debuginfod_client *, long done, long all);
struct debuginfod_api {
	struct debuginfod_client *(*begin)(void);
	/* A descriptor, and the path of the file in its cache (to be freed); or -errno. */
	int (*find)(struct debuginfod_client *, const unsigned char *build_id, int bytes,
		    char **path);
	void (*end)(struct debuginfod_client *);
	/* Called once a second or so; a result other than 0 ends the search. */
	void (*set_progress)(struct debuginfod_client *, debuginfod_progress);
};

static bool debuginfod_load(struct debuginfod_api *api)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	if (!urls || urls[strspn(urls, " ")] == '\0')
		return false;
	void *library = dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_LOCAL);
	if (!library)
		return false;
	*(void **)&api->begin = dlsym(library, "debuginfod_begin");
	*(void **)&api->find = dlsym(library, "debuginfod_find_debuginfo");
	*(void **)&api->end = dlsym(library, "debuginfod_end");
	*(void **)&api->set_progress = dlsym(library, "debuginfod_set_progressfn");
	return api->begin && api->find && api->end && api->set_progress;
}

/* A server that does not answer would hold up every module for the library's 90 seconds: after
 * SILENCE_S of nothing at all it is left alone for the rest of this process. One thread asks at a
 * time. */
static struct {
	time_t since;
	bool answered, gave_up;
} server;

static time_t now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* As long as no server has answered, `done` is the number of calls of this function. */
static int watch_server(struct debuginfod_client *client AT_UNUSED, long done, long all)
{
	server.answered |= all > 0 || done > MANY_CALLS;
	server.gave_up = !server.answered && now_s() - server.since >= SILENCE_S;
	return server.gave_up;
}

static bool ask_servers(struct elf_file *file, const struct elf_build_id *id, struct err *err)
{
	struct debuginfod_api api;
	if (id->count < MIN_BUILD_ID_BYTES || server.gave_up || !debuginfod_load(&api))
		return false;
	struct debuginfod_client *client = api.begin();
	if (!client)
		return false;
	char *path = NULL;
	server.since = now_s();
	server.answered = false;
	api.set_progress(client, watch_server);
	int fd = api.find(client, id->bytes, (int)id->count, &path);
	bool found = fd >= 0 && open_checked(file, path, id);
	if (fd >= 0)
		close(fd);
	if (server.gave_up && err)
		err_set(err, "the servers of DEBUGINFOD_URLS do not answer");
	free(path);
	api.end(client);
	return found;
}

bool debug_lookup_by_debuginfod(struct elf_file *file, const struct elf_build_id *id,
				struct err *err)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&one);
	bool found = ask_servers(file, id, err);
	pthread_mutex_unlock(&one);
	return found;
}

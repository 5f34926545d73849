/* chunk_file.c - see chunk_file.h. */
#include "trace/chunk_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"

enum {
	/* Below this a zlib stream is not smaller. */
	SMALLEST_COMPRESSED = 32,
	/* A stream so much smaller than the payload may repeat itself. */
	TWICE_RATIO = 32,
};

static int open_stdout(struct err *err)
{
	if (isatty(STDOUT_FILENO))
		return err_set(err, "standard output is a terminal: a trace is no text");
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? err_set_errno(err, "standard output") : fd;
}

/* Nothing of that name was there: make it, and fail when somebody else just did. */
static int create_new(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	return fd < 0 ? err_set_errno(err, "%s: cannot create the trace file", path) : fd;
}

static int open_existing(const char *path, struct err *err)
{
	/* O_NONBLOCK: a FIFO that nobody reads is an error, not a wait without end. */
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0)
		return fd;
	if (errno == ELOOP)
		return err_set(err,
			       "%s: is a symbolic link, which is not followed; "
			       "remove it or choose another name",
			       path);
	if (errno == ENXIO)
		return err_set(err, "%s: nobody reads from it", path);
	return err_set_errno(err, "%s: cannot write the trace file", path);
}

/* Whether a trace may replace what is in the file: a trace, or what begins like one. What cannot be
 * read is the writer's own to lose. */
static bool is_replaceable(const char *path)
{
	char head[FORMAT_MAGIC_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return true;
	ssize_t len = read(fd, head, sizeof(head));
	close(fd);
	return len <= 0 || memcmp(head, FORMAT_MAGIC, (size_t)len) == 0;
}

/* The descriptor is open: may a trace go there? */
static int accept_file(struct output *o, struct err *err)
{
	struct stat st;
	if (fstat(o->fd, &st) < 0)
		return err_set_errno(err, "%s", o->name);
	if (S_ISREG(st.st_mode)) {
		/* Two writers would spoil each other's trace. Not every file system has locks. */
		if (flock(o->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
			o->created = false;
			return err_set(err, "%s: another alloctrace is writing this file", o->name);
		}
		if (!o->created && st.st_size > 0 && !is_replaceable(o->name))
			return err_set(err,
				       "%s: is there and no trace: it is not overwritten; remove "
				       "it or choose another name",
				       o->name);
		o->seekable = lseek(o->fd, 0, SEEK_CUR) == 0;
		if (o->seekable && ftruncate(o->fd, 0) < 0)
			return err_set_errno(err, "%s: cannot empty it", o->name);
		return 0;
	}
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode) && !S_ISSOCK(st.st_mode))
		return err_set(err, "%s: is neither a file nor a pipe", o->name);
	return 0;
}

static int open_path(struct output *o, const char *path, struct err *err)
{
	if (strcmp(path, "-") == 0) {
		o->fd = open_stdout(err);
		return o->fd < 0 ? -1 : 0;
	}
	struct stat st;
	if (lstat(path, &st) < 0 && errno == ENOENT) {
		o->fd = create_new(path, err);
		o->created = o->fd >= 0;
		return o->fd < 0 ? -1 : 0;
	}
	o->fd = open_existing(path, err);
	if (o->fd < 0)
		return -1;
	int flags = fcntl(o->fd, F_GETFL);
	if (flags < 0 || fcntl(o->fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return err_set_errno(err, "%s", path);
	return 0;
}

/* Cuts the file back to its last whole chunk, so that what is there stays a valid trace. */
static int give_up(struct output *o, const char *name)
{
	int code = errno;
	o->failed = true;
	if (o->seekable && ftruncate(o->fd, (off_t)o->bytes) == 0)
		(void)lseek(o->fd, (off_t)o->bytes, SEEK_SET);
	errno = code;
	return err_set_errno(&o->err, "%s: writing the trace failed after %llu bytes", name,
			     (unsigned long long)o->bytes);
}

/* Somebody else made our pipe non-blocking: wait as a blocking one would. */
static bool wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	return poll(&p, 1, -1) > 0 || errno == EINTR;
}

static int append(struct output *o, const uint8_t *data, size_t bytes)
{
	size_t done = 0;
	while (done < bytes) {
		ssize_t n = write(o->fd, data + done, bytes - done);
		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && wait_writable(o->fd))
			continue;
		if (n == 0)
			errno = ENOSPC;
		return give_up(o, o->name);
	}
	o->bytes += bytes;
	return 0;
}

static int append_file_header(struct output *o)
{
	uint8_t header[FORMAT_HEADER_BYTES];
	memcpy(header, FORMAT_MAGIC, FORMAT_MAGIC_BYTES);
	format_put_u32(header + 8, TRACE_VERSION);
	format_put_u32(header + 12, deflate_crc32(header, 12));
	return append(o, header, sizeof(header));
}

int output_open(struct output *o, const char *path, struct err *err)
{
	memset(o, 0, sizeof(*o));
	o->fd = -1;
	o->name = mem_strdup(strcmp(path, "-") == 0 ? "standard output" : path);
	o->deflater = deflater_new();
	if (open_path(o, path, err) == 0 && accept_file(o, err) == 0) {
		if (append_file_header(o) == 0)
			return 0;
		if (err)
			*err = o->err;
	}
	if (o->created)
		(void)unlink(path);
	(void)output_close(o, NULL);
	return -1;
}

static void put_chunk_header(uint8_t *out, const struct chunk_header *h)
{
	memset(out, 0, FORMAT_CHUNK_HEADER_BYTES);
	out[0] = h->type;
	out[1] = h->flags;
	format_put_u32(out + 4, h->stored_bytes);
	format_put_u32(out + 8, h->raw_bytes);
	format_put_u32(out + 12, h->count);
	format_put_u32(out + 16, h->crc);
	format_put_u32(out + 20, deflate_crc32(out, 20));
}

/* Replaces the stream by a stream of it, when that is smaller. */
static bool pack_again(struct output *o, uint8_t *stored, size_t *packed)
{
	uint8_t *again = mem_alloc(*packed);
	size_t bytes = deflater_run(o->deflater, stored, *packed, again + FORMAT_TWICE_HEAD_BYTES,
				    *packed - FORMAT_TWICE_HEAD_BYTES);
	if (bytes) {
		format_put_u32(again, (uint32_t)*packed);
		*packed = FORMAT_TWICE_HEAD_BYTES + bytes;
		memcpy(stored, again, *packed);
	}
	free(again);
	return bytes != 0;
}

/* Makes room for a chunk with its header; returns where the payload goes. */
static uint8_t *chunk_buffer(struct output *o, size_t stored_bytes)
{
	size_t bytes = FORMAT_CHUNK_HEADER_BYTES + stored_bytes;
	o->buffer = mem_grow(o->buffer, &o->buffer_cap, bytes, 1);
	return o->buffer + FORMAT_CHUNK_HEADER_BYTES;
}

/* Appends the chunk in the buffer, whose payload is h->stored_bytes long. */
static int append_chunk(struct output *o, struct chunk_header *h)
{
	h->crc = deflate_crc32(o->buffer + FORMAT_CHUNK_HEADER_BYTES, h->stored_bytes);
	put_chunk_header(o->buffer, h);
	return append(o, o->buffer, FORMAT_CHUNK_HEADER_BYTES + h->stored_bytes);
}

/* Stores bytes as a zlib stream if that is smaller, else as they are; returns the stored bytes. */
static size_t pack(struct output *o, const uint8_t *raw, size_t bytes, bool plain, uint8_t *stored)
{
	size_t packed = 0;
	if (!plain && bytes >= SMALLEST_COMPRESSED)
		packed = deflater_run(o->deflater, raw, bytes, stored, bytes - 1);
	if (packed)
		return packed;
	if (bytes)
		memcpy(stored, raw, bytes);
	return bytes;
}

int output_chunk(struct output *o, enum chunk_type type, uint32_t count, const uint8_t *payload,
		 size_t bytes)
{
	if (o->failed)
		return -1;
	uint8_t *stored = chunk_buffer(o, bytes);
	struct chunk_header h = { .type = (uint8_t)type, .count = count };
	size_t packed = pack(o, payload, bytes, type == CHUNK_END, stored);
	if (packed == bytes)
		h.flags = CHUNK_FLAG_PLAIN;
	else if (packed * TWICE_RATIO < bytes && bytes <= FORMAT_MAX_TWICE_BYTES &&
		 pack_again(o, stored, &packed))
		h.flags = CHUNK_FLAG_TWICE;
	h.raw_bytes = (uint32_t)bytes;
	h.stored_bytes = (uint32_t)packed;
	return append_chunk(o, &h);
}

int output_parts(struct output *o, enum chunk_type type, uint32_t count, const uint8_t *payload,
		 struct chunk_part *parts, unsigned part_count)
{
	if (o->failed)
		return -1;
	struct chunk_header h = { .type = (uint8_t)type,
				  .count = count,
				  .flags = CHUNK_FLAG_PARTS };
	size_t raw_bytes = 0;
	for (unsigned i = 0; i < part_count; i++)
		raw_bytes += parts[i].bytes;
	uint8_t *begin = chunk_buffer(o, raw_bytes + part_count * FORMAT_PART_HEAD_BYTES);
	uint8_t *stored = begin;
	for (struct chunk_part *part = parts; part < parts + part_count; part++) {
		uint8_t *head = stored;
		stored += FORMAT_PART_HEAD_BYTES;
		part->stored_bytes = pack(o, payload, part->bytes, part->plain, stored);
		format_put_u32(head, (uint32_t)part->bytes);
		format_put_u32(head + 4, (uint32_t)part->stored_bytes);
		payload += part->bytes;
		stored += part->stored_bytes;
	}
	h.raw_bytes = (uint32_t)raw_bytes;
	h.stored_bytes = (uint32_t)(stored - begin);
	return append_chunk(o, &h);
}

int output_close(struct output *o, struct err *err)
{
	/* A delayed write error (NFS, quota) shows up here. */
	if (o->fd >= 0 && close(o->fd) < 0 && errno != EINTR && !o->failed) {
		o->failed = true;
		err_set_errno(&o->err, "%s: closing the trace failed", o->name);
	}
	int result = o->failed ? -1 : 0;
	if (o->failed && err)
		*err = o->err;
	deflater_free(o->deflater);
	free(o->buffer);
	free(o->name);
	return result;
}

/* file.c - see file.h. */
#include "fuzz/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbol/survey.h"
#include "tests/trace/check.h"

int fuzz_file(const uint8_t *data, size_t size, char path[FUZZ_PATH_BYTES])
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size, "memfd");
	snprintf(path, FUZZ_PATH_BYTES, "/proc/self/fd/%d", fd);
	return fd;
}

static void check_allocator(const struct allocator *a)
{
	CHECK(a->name && a->prefix && a->evidence, "an allocator has words");
	CHECK(memchr(a->version, '\0', sizeof(a->version)), "a version ends");
	for (size_t i = 0; i < a->function_count; i++)
		CHECK(strlen(a->functions[i].name) > 0, "a function has a name");
}

void fuzz_survey(const char *path)
{
	struct survey survey = SURVEY_INIT;
	survey.details = true;
	survey_add(&survey, path);
	survey_run(&survey, NULL, NULL);
	CHECK(survey.count >= 1, "the file is told of");
	for (size_t i = 0; i < survey.count; i++) {
		const struct survey_file *f = &survey.files[i];
		CHECK(f->problem ? f->problem[0] : f->kind == SURVEY_OTHER || f->format,
		      "a problem has a text, a file a format");
		CHECK(f->build_id.count <= ELF_BUILD_ID_MAX, "a build-id has a length");
		for (size_t k = 0; k < f->found.count; k++)
			check_allocator(&f->found.items[k]);
	}
	survey_release(&survey);
}

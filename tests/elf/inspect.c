/* inspect.c - prints what program_inspect() says about its argument, one "key=value" a line, for
 * tests/program.tap. */
#include <stdio.h>

#include "elf/program.h"

static const char *const linkages[] = { "unknown", "dynamic", "static", "static-pie" };
static const char *const allocators[] = { "libc", "exports", "contains", "other" };

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

int main(int argc, char **argv)
{
	struct program_info info;
	struct err err = { "" };
	int code = program_inspect(argc > 1 ? argv[1] : "", &info, &err);
	printf("code=%d\nerror=%s\n", code, err.text);
	if (code != 0)
		return 0;
	printf("path=%s\nscripts=%zu\nclass=%u\nmachine=%u\ntype=%u\n", info.path,
	       info.script_count, info.elf_class, info.machine, info.type);
	printf("linkage=%s\npie=%d\nlinker=%d\ninterpreter=%s\ninterpreter_exists=%d\nmusl=%d\n",
	       linkages[info.linkage], info.pie, info.is_dynamic_linker, or_dash(info.interpreter),
	       info.interpreter_exists, info.musl);
	printf("setuid=%d\nsetgid=%d\ncapabilities=%d\nsecure=%d\n", info.setuid, info.setgid,
	       info.file_capabilities, info.secure);
	printf("allocator=%s\nallocator_name=%s\nbuild_id=", allocators[info.allocator],
	       or_dash(info.allocator_name));
	for (unsigned i = 0; i < info.build_id.count; i++)
		printf("%02x", info.build_id.bytes[i]);
	printf("\nobstacle=%s\nnote=%s\n", or_dash(program_obstacle(&info)),
	       or_dash(program_note(&info)));
	program_info_release(&info);
	return 0;
}

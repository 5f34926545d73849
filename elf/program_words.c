/* program_words.c - see program_words.h. */
#include "elf/program_words.h"

#include <elf.h>
#include <stdlib.h>

#include "util/strbuf.h"

static const char *machine_name(unsigned machine)
{
	switch (machine) {
	case EM_386:
		return "32-bit x86";
	case EM_X86_64:
		return "x86-64";
	case EM_ARM:
		return "32-bit ARM";
	case EM_AARCH64:
		return "64-bit ARM (aarch64)";
	case EM_RISCV:
		return "RISC-V";
	case EM_PPC64:
		return "64-bit PowerPC";
	case EM_S390:
		return "IBM Z";
	default:
		return NULL;
	}
}

static void explain_machine(const struct program_info *info, struct strbuf *out)
{
	const char *name = machine_name(info->machine);
	if (info->machine == EM_X86_64)
		strbuf_adds(out, " is built for the x32 ABI");
	else if (name)
		strbuf_addf(out, " is built for %s", name);
	else
		strbuf_addf(out, " is built for another machine (ELF number %u)", info->machine);
	strbuf_adds(out, ", and alloctrace traces 64-bit x86-64 programs only. Trace an x86-64 "
			 "build of it.");
}

static void explain_secure(const struct program_info *info, struct strbuf *out)
{
	const char *why = info->setuid	 ? "is set-user-ID"
			  : info->setgid ? "is set-group-ID"
					 : "has file capabilities";
	strbuf_addf(out,
		    " %s: starting it changes the rights of the process, and the dynamic linker "
		    "then ignores LD_PRELOAD. Trace a copy of the file (a copy does not keep "
		    "them), or start alloctrace as the user that it runs as.",
		    why);
}

/* Adds what is in the way; nothing if nothing is. */
static void explain_obstacle(const struct program_info *info, struct strbuf *out)
{
	if (info->linkage == PROGRAM_UNKNOWN && !info->secure)
		return;
	if (info->elf_class != 0 && (info->elf_class != 64 || info->machine != EM_X86_64))
		explain_machine(info, out);
	else if (info->linkage == PROGRAM_STATIC || info->linkage == PROGRAM_STATIC_PIE)
		strbuf_addf(out,
			    " is statically linked%s: it has no dynamic linker that could load "
			    "alloctrace's runtime into it. Link it dynamically (without "
			    "-static%s) and trace that.",
			    info->linkage == PROGRAM_STATIC_PIE ? " (static-pie)" : "",
			    info->linkage == PROGRAM_STATIC_PIE ? "-pie" : "");
	else if (info->interpreter && !info->interpreter_exists)
		strbuf_addf(out,
			    " cannot be started: the dynamic linker it asks for, %s, does not "
			    "exist here. Install the C library that it was built for, or run it "
			    "where it was built.",
			    info->interpreter);
	else if (info->musl)
		strbuf_addf(out,
			    " is linked with musl (%s), and alloctrace's runtime is made for "
			    "glibc: musl's dynamic linker cannot load it. Trace a build of it "
			    "that uses glibc.",
			    info->interpreter ? info->interpreter : "its own dynamic linker");
	else if (info->secure)
		explain_secure(info, out);
}

static void explain_allocator(const struct program_info *info, struct strbuf *out)
{
	const char *name = info->allocator_name;
	if (info->allocator == PROGRAM_EXPORTS_MALLOC)
		strbuf_addf(out,
			    " exports its own malloc%s%s%s, which comes before every preloaded "
			    "library's: it is hooked where its functions are found.",
			    name ? " (" : "", name ? name : "", name ? ")" : "");
	else if (info->allocator == PROGRAM_CONTAINS_MALLOC)
		strbuf_addf(out,
			    " contains its own malloc%s%s%s and calls it directly: it is hooked where "
			    "its functions are found.",
			    name ? " (" : "", name ? name : "", name ? ")" : "");
	else if (info->allocator == PROGRAM_CONTAINS_OTHER)
		strbuf_addf(out,
			    " contains %s beside the C library's malloc: it is hooked where its "
			    "functions are found.",
			    name);
}

/* "PATH" or "SCRIPT is run by PATH, which". */
static void begin(const struct program_info *info, struct strbuf *out)
{
	if (info->script_count > 0)
		strbuf_addf(out, "%s is run by %s, which", info->scripts[0], info->path);
	else
		strbuf_adds(out, info->path);
}

static char *sentence(const struct program_info *info,
		      void (*explain)(const struct program_info *, struct strbuf *))
{
	struct strbuf text = STRBUF_INIT;
	begin(info, &text);
	size_t start = text.len;
	explain(info, &text);
	if (text.len > start)
		return strbuf_detach(&text);
	strbuf_release(&text);
	return NULL;
}

void program_explain(struct program_info *info)
{
	info->obstacle = sentence(info, explain_obstacle);
	if (!info->obstacle)
		info->note = sentence(info, explain_allocator);
}

const char *program_obstacle(const struct program_info *info)
{
	return info->obstacle;
}

const char *program_note(const struct program_info *info)
{
	return info->note;
}

#!/usr/bin/env python3
"""file-seeds.py - writes the small files that fuzzing begins with: file-seeds.py FOLDER.

All of them are made by tests/tiny_files.py, but for two libraries that the compiler links from a few lines, which have
what the linker puts into one: versions, relocations, a hash table, unwinding tables."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))
sys.dont_write_bytecode = True
import tiny_files as tiny

MACHINES = (("x86-64", tiny.EM_X86_64, 64, False), ("i386", tiny.EM_386, 32, False), ("s390x", tiny.EM_S390, 64, True),
            ("ppc", tiny.EM_PPC, 32, True), ("aarch64", tiny.EM_AARCH64, 64, False))
PLUGIN = b"""#include <stddef.h>
void *malloc(size_t); void free(void *); void *plugin(void);
static void *je_mallocx(size_t n) { return malloc(n); }
void *plugin(void) { void *(*volatile own)(size_t) = je_mallocx; free(own(1)); return (void *)free; }
"""


def elf_seeds():
    for name, machine, bits, big in MACHINES:
        yield "elf/%s-library" % name, tiny.elf(bits, big, machine, exported=tiny.JEMALLOC, imported=(b"mmap", b"malloc"),
                                                needed=(b"libc.so.6",), soname=b"libx.so.1", build_id=b"01234567")
    yield "elf/program", tiny.elf(kind=tiny.ET_EXEC, hidden=(*tiny.JEMALLOC, b"malloc", b"free"), build_id=b"0123")
    yield "elf/object", tiny.elf(kind=tiny.ET_REL, hidden=tiny.JEMALLOC, machine=tiny.EM_AARCH64)
    yield "elf/messages", tiny.elf(imported=(b"mmap",), text=tiny.MIMALLOC_TEXT)


def compiled_seeds(folder):
    source = os.path.join(folder, "p.c")
    with open(source, "wb") as f:
        f.write(PLUGIN)
    for name, flags in (("compiled", []), ("compiled-packed", ["-Wl,--hash-style=both,-z,pack-relative-relocs"])):
        out = os.path.join(folder, name)
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-nostartfiles", "-Wl,-z,max-page-size=16,-z,noseparate-code",
                        "-Wl,-z,norelro,--build-id", *flags, "-o", out, source], check=True)
        with open(out, "rb") as f:
            yield "elf/" + name, f.read()


def archive_seeds():
    objects = [(b"%d.o" % i, tiny.elf(kind=tiny.ET_REL, hidden=[n])) for i, n in enumerate(tiny.JEMALLOC)]
    yield "archive/objects", tiny.archive(objects)
    yield "archive/long-names", tiny.archive([(b"a-name-of-more-than-15-bytes.o", objects[0][1]), (b"text", b"odd")])
    yield "archive/bsd", tiny.bsd_archive(objects[:2])
    yield "archive/thin", tiny.thin_archive([(b"/proc/self/fd/0", 100), (b"missing.o", 0)])
    yield "archive/coff", tiny.archive([(b"a.obj", tiny.coff_object(tiny.EM_X86_64, tiny.JEMALLOC)),
                                        (b"b.obj", tiny.import_object(tiny.EM_X86_64, b"malloc", b"x.dll"))])
    yield "archive/mach-o", tiny.bsd_archive([(b"a.o", tiny.mach_o(tiny.EM_AARCH64, tiny.JEMALLOC, kind=1))])


def pe_seeds():
    yield "pe/exports", tiny.pe(64, tiny.JEMALLOC, [])
    yield "pe/symbols", tiny.pe(32, [], [b"_" + n for n in tiny.JEMALLOC])
    yield "pe/messages", tiny.pe(64, [b"nothing"], [b"at", b"all"], tiny.MIMALLOC_TEXT)
    yield "pe/object", tiny.coff_object(tiny.EM_386, [b"_" + n for n in tiny.JEMALLOC], tiny.MIMALLOC_TEXT)


def mach_o_seeds():
    wide = tiny.mach_o(tiny.EM_X86_64, tiny.JEMALLOC, [b"mi_malloc"], tiny.MIMALLOC_TEXT, uuid=b"0123456789abcdef")
    small = tiny.mach_o(tiny.EM_PPC, tiny.JEMALLOC, big=True)
    yield "mach-o/64", wide
    yield "mach-o/32-big", small
    yield "mach-o/universal", tiny.universal([(tiny.EM_X86_64, wide), (tiny.EM_PPC, small)])
    yield "mach-o/universal-64", tiny.universal([(tiny.EM_PPC, small), (tiny.EM_X86_64, wide)], wide=True)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: file-seeds.py FOLDER")
    with tempfile.TemporaryDirectory() as folder:
        for seeds in (elf_seeds(), compiled_seeds(folder), archive_seeds(), pe_seeds(), mach_o_seeds()):
            for name, data in seeds:
                path = os.path.join(sys.argv[1], name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as f:
                    f.write(data)


main()

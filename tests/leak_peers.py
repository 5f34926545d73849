"""leak_peers.py - what Valgrind's memcheck and LeakSanitizer say is lost, in the same form as leakview.py has it for
alloctrace: {(kind, site): (blocks, bytes)}.

A site is the innermost function whose name begins with make_ (leaks/leaks.h), or else the innermost one outside the
allocators and the C++ library.
"""
import collections
import glob
import os
import re
import shutil
import xml.etree.ElementTree

import harness

KINDS = {"Leak_DefinitelyLost": "definite", "Leak_IndirectlyLost": "indirect", "Leak_PossiblyLost": "possible",
         "Leak_StillReachable": "reachable"}
VALGRIND = ["valgrind", "-q", "--leak-check=full", "--show-leak-kinds=all", "--num-callers=50", "--error-limit=no",
            # What libc and the C++ library keep stays, as alloctrace and LeakSanitizer see it.
            "--run-libc-freeres=no", "--run-cxx-freeres=no"]
ALLOCATOR = re.compile(r"^(_*(malloc|calloc|realloc|reallocarray|memalign|aligned_alloc|posix_memalign|valloc|pvalloc|strdup|strndup)"
                       r"|operator new|std::|__gnu_cxx|void std::|.*__interceptor_|_dl_|allocate_)")


MADE = re.compile(r"(?:\(anonymous namespace\)::|leaks_rust::|rust::)?(make_\w+)(?:$|[(.:\[])")
OF_LIBRARY = {"make_shared", "make_unique", "make_exception_ptr"}


def site_of(functions):
    """functions: names, innermost first; None where there is none."""
    for name in functions:
        found = MADE.match(name or "")
        if found and found.group(1) not in OF_LIBRARY:
            return found.group(1)
    for name in functions:
        if name and not ALLOCATOR.match(name):
            return name
    return functions[0] if functions else None


def valgrind(argv, folder, env=None, cwd=None, options=()):
    """{(name of the program, pid): {(kind, site): (blocks, bytes)}} of all its processes; the result."""
    for old in glob.glob(os.path.join(folder, "valgrind.*.xml")):
        os.unlink(old)
    out = os.path.join(folder, "valgrind.%p.xml")
    result = harness.run([*VALGRIND, *options, "--xml=yes", "--xml-file=" + out, *argv], cwd=cwd,
                         env=env or harness.environment())
    found = {}
    for path in glob.glob(os.path.join(folder, "valgrind.*.xml")):
        try:
            root = xml.etree.ElementTree.parse(path).getroot()
        except xml.etree.ElementTree.ParseError:
            continue  # killed, or exec'ed: it says nothing
        sums = collections.defaultdict(lambda: [0, 0])
        for error in root.iter("error"):
            kind = KINDS.get(error.findtext("kind"))
            if kind is None:
                continue
            what = error.find("xwhat")
            blocks, direct = int(what.findtext("leakedblocks")), int(what.findtext("leakedbytes"))
            # "64 (40 direct, 24 indirect) bytes in 1 blocks are definitely lost": the indirect ones have records too.
            told = re.match(r"[\d,]+ \(([\d,]+) direct, [\d,]+ indirect\)", what.findtext("text"))
            if told:
                direct = int(told.group(1).replace(",", ""))
            stack = error.find("stack")
            site = site_of([frame.findtext("fn") for frame in stack.iter("frame")])
            sums[kind, site][0] += blocks
            sums[kind, site][1] += direct
        exe = os.path.basename(os.path.realpath(shutil.which(root.findtext("args/argv/exe")) or ""))
        found[exe, int(path.split(".")[-2])] = {key: tuple(value) for key, value in sums.items()}
    return found, result


def lsan(argv, env=None):
    """{(kind, site): (blocks, bytes)}; the result. All that is not lost is not told."""
    env = dict(env or harness.environment())
    env["LSAN_OPTIONS"] = env["ASAN_OPTIONS"] = "verify_asan_link_order=0:max_leaks=0:exitcode=0:fast_unwind_on_malloc=0"
    result = harness.run(argv, env=env)
    sums = collections.defaultdict(lambda: [0, 0])
    for block in re.split(r"\n\n", result.err.decode("utf-8", "replace")):
        head = re.search(r"(Direct|Indirect) leak of (\d+) byte\(s\) in (\d+) object\(s\)", block)
        if not head:
            continue
        site = site_of(re.findall(r"^ +#\d+ 0x[0-9a-f]+ in (.*?)(?: \S+)?$", block, re.M))
        kind = "definite" if head.group(1) == "Direct" else "indirect"
        sums[kind, site][0] += int(head.group(3))
        sums[kind, site][1] += int(head.group(2))
    return {key: tuple(value) for key, value in sums.items()}, result

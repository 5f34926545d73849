"""ld_debug.py - what the dynamic linker says of itself (LD_DEBUG), and modules to ask it about."""
import collections
import glob
import os
import re

import harness

STARTUP, OPENED, GLOBAL, DEEPBIND = 1, 2, 4, 8
OBJECT = re.compile(r"\tobject=(.+) \[(\d+)\]$")
SCOPE = re.compile(r"\t scope (\d+): (.+)$")
ADDED = re.compile(r"\tadd (.+) \[(\d+)\] to global scope$")
BINDING = re.compile(r"\tbinding file (.+) \[(\d+)\] to (.+) \[(\d+)\]: \w+ symbol `(.+)'(?: \[(.+)\])?$")

# Modules with allocation functions of all kinds, none of which is called.
PLUGIN = r"""
#include <stdlib.h>
#ifdef DEFINES
SHOWN void *malloc(size_t n) { return (void *)(n + 16); }
SHOWN void free(void *p) { (void)p; }
SHOWN void *mi_malloc(size_t n) { return malloc(n); }
#endif
#ifdef TWO_VERSIONS
void *old_malloc(size_t n) { return (void *)(n + 16); }
void *new_malloc(size_t n) { return (void *)(n + 32); }
__asm__(".symver old_malloc, mi_malloc@V1");
__asm__(".symver new_malloc, mi_malloc@@V2");
#endif
#ifdef OTHER_VERSION
void *other_malloc(size_t n) { return (void *)(n + 16); }
__asm__(".symver other_malloc, mi_malloc@@V9");
#endif
#ifdef WANTS_OLD
__asm__(".symver mi_malloc, mi_malloc@V1");
#endif
void *mi_malloc(size_t) __attribute__((weak));
void *mi_zalloc(size_t) __attribute__((weak));
void *use(size_t n) { free(malloc(n)); return mi_malloc(n); }
void *use_more(size_t n) { return realloc(calloc(n, 1), aligned_alloc(64, n) != mi_zalloc(n)); }
void *table[] = { malloc, free, mi_malloc };
"""


class Oracle:
    """What the dynamic linker told of one process."""

    def __init__(self, lines):
        self.modules = {}  # (path, space): flags, in the order of loading
        self.bindings = collections.defaultdict(set)  # (path, space, symbol, version): {(path, space)}
        self._started = False
        self._object = None
        for line in lines:
            self._line(line)

    def _line(self, line):
        if "\ttransferring control" in line:
            self._started = True
        elif match := OBJECT.search(line):
            self._object = (match[1], int(match[2]))
            self._new = self._object not in self.modules
            if self._new:
                self.modules[self._object] = 0 if self._started else STARTUP
        elif match := SCOPE.search(line):
            # Its own scope, of what was opened, begins with it; before all others if it is a deep one.
            if self._new and self._started and match[2].split()[0] == self._object[0]:
                self.modules[self._object] |= OPENED | (DEEPBIND if match[1] == "0" and not self._object[1] else 0)
        elif match := ADDED.search(line):
            self.modules[(match[1], int(match[2]))] |= GLOBAL
        elif match := BINDING.search(line):
            self.bindings[(match[1], int(match[2]), match[5], match[6] or "-")].add((match[3], int(match[4])))


def listen(folder, argv, **env):
    """The Oracle of a program, which binds all at once."""
    for path in glob.glob(os.path.join(folder, "said.*")):
        os.unlink(path)
    said = os.path.join(folder, "said")
    result = harness.run(argv, cwd=folder, timeout_s=60, env=harness.environment(
        LD_BIND_NOW="1", LD_DEBUG="bindings,scopes", LD_DEBUG_OUTPUT=said, **env))
    files = glob.glob(said + ".*")
    first = [path for path in files if "transferring control: " + argv[0] in open(path, errors="replace").read()]
    if len(first) != 1:
        raise RuntimeError("%s: %s" % (files, result.describe()))
    return Oracle(open(first[0], errors="replace").read().splitlines())


class Shop:
    def __init__(self, folder):
        self.folder = folder
        self.source = os.path.join(folder, "plugin.c")
        with open(self.source, "w") as file:
            file.write(PLUGIN)

    def build(self, name, *options, defines=True, shown="", program=False):
        path = os.path.join(self.folder, name)
        kind = [] if program else ["-shared", "-fPIC", "-Wl,-soname," + name]
        result = harness.run(["gcc", "-O1", "-fno-builtin", "-DSHOWN=" + shown, *kind, *(["-DDEFINES"] if defines else []),
                              self.source, "-o", path, "-Wl,--no-as-needed", *options], cwd=self.folder)
        if result.code != 0:
            raise RuntimeError(result.describe())
        return path

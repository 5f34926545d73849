"""real_programs.py - well-known programs, plain and traced: same output, same exit code, and the
trace has exactly as many allocations and frees as an independent counter saw.

In the traced run the counter (counter.c) is preloaded behind the runtime: it counts what arrives at
the allocator. Each program is also run under the counter alone. Deterministic ones must give the
same counts as when they are traced; the others allocate a little differently from run to run (it
depends on addresses and on time), by some 0.1%, and must give nearly the same.
"""
import os
import re
import shutil
import socket
import struct
import subprocess
import time

import harness
import traceview

ROLES = re.findall(r'^ROLE\((\w+), "([^"]+)"', open(harness.SOURCE + "/wire/roles.def", encoding="utf-8").read(), re.M)


NEARLY = 0.01


class Counts:
    """What the counter saw, by symbol."""

    def __init__(self, path):
        data = open(path, "rb").read()
        numbers = struct.unpack("=%dQ" % (len(data) // 8), data)
        self.made = {symbol: numbers[i] for i, (_, symbol) in enumerate(ROLES) if numbers[i]}
        self.taken = {symbol: numbers[len(ROLES) + i] for i, (_, symbol) in enumerate(ROLES)
                      if numbers[len(ROLES) + i]}


def scrubbed(text, patterns):
    for pattern, instead in patterns:
        text = re.sub(pattern, instead, text)
    return text


class Program:
    """argv: the command; deterministic: allocates the same in every run; files: what it writes (in its
    folder), compared too; scrub: patterns in its output that differ from run to run; prepare(folder)."""

    def __init__(self, name, argv, deterministic=False, files=(), scrub=(), prepare=None, env=None, needs=()):
        self.name = name
        self.argv = argv
        self.deterministic = deterministic
        self.files = files
        self.scrub = scrub
        self.prepare = prepare
        self.env = env or {}
        self.needs = [argv[0], *needs]

    def lacking(self):
        for name in self.needs:
            if not (os.path.exists(name) if name.startswith("/") else shutil.which(name)):
                return name
        return None


class Runner:
    """Runs programs in a folder of their own, always the same one, so that paths are the same."""

    def __init__(self, tap, folder, backend_name):
        self.tap = tap
        self.folder = folder
        self.backend_name = backend_name
        self.backend = harness.BACKENDS[backend_name]
        self.work = os.path.join(folder, "work")
        self.counts_path = os.path.join(folder, "counts")
        self.trace_path = os.path.join(folder, "trace.atz")

    def environment(self, program, counted):
        libraries = ([harness.COUNTER] if counted else []) + ([self.backend] if self.backend else [])
        return harness.environment(LD_PRELOAD=" ".join(libraries) or None, HOME=self.work, PYTHONHASHSEED="0",
                                   COUNTER_FILE=self.counts_path if counted else None, COUNTER_SKIP="alloctrace",
                                   GIT_CONFIG_NOSYSTEM="1", PYTHONDONTWRITEBYTECODE="1", **program.env)

    def fresh(self, program):
        shutil.rmtree(self.work, ignore_errors=True)
        os.mkdir(self.work)
        for path in (self.counts_path, self.trace_path):
            if os.path.exists(path):
                os.unlink(path)
        if program.prepare:
            program.prepare(self.work)

    def files(self, program):
        found = {}
        for name in program.files:
            path = os.path.join(self.work, name)
            found[name] = open(path, "rb").read() if os.path.exists(path) else None
        return found

    def run(self, program, counted=False, traced=False):
        """(result, files)"""
        self.fresh(program)
        env = self.environment(program, counted)
        if counted and not traced:
            # As many variables as the tool gives the program: some copy their environment.
            env["ALLOCTRACE_SESSION"] = "/nonexistent"
        if traced:
            result = harness.traced(program.argv, self.trace_path, env=env, cwd=self.work)
        else:
            result = harness.run(program.argv, env=env, cwd=self.work)
        result.out, result.err = scrubbed(result.out, program.scrub), scrubbed(result.err, program.scrub)
        return result, self.files(program)

    def check_counts(self, name, trace, counts):
        made = {role: allocs for role, (allocs, _) in trace.totals.items() if allocs}
        frees, taken = trace.frees() + trace.losses.get("untracked", 0), sum(counts.taken.values())
        self.tap.ok(made == counts.made and made, "%s: %d allocations as the counter saw" % (name, trace.allocs()),
                    "trace:   %s\ncounter: %s\nlosses: %s" % (made, counts.made, trace.losses))
        self.tap.ok(frees == taken, "%s: %d frees as the counter saw" % (name, trace.frees()),
                    "trace:   %s\ncounter: %s\nlosses: %s" % (trace.totals, counts.taken, trace.losses))
        lost = {kind: count for kind, count in trace.losses.items() if kind not in ("untracked", "nested") and count}
        self.tap.ok(not lost and not trace.damage, "%s: nothing lost" % name, "%s %s" % (lost, trace.damage))
        self.tap.ok(not trace.findings, "%s: no release is called wrong" % name, "\n".join(map(str, trace.findings)))

    def check_named(self, name, program):
        """Without the counter: that would be the program's malloc."""
        self.run(program, traced=True)
        report = harness.run([harness.TOOL, "report", self.trace_path], env=harness.environment())
        wanted = r"^allocator: %s( [0-9][^,]*)?, %s(;.*)?$" % (
            harness.family(self.backend_name), re.escape(self.backend) if self.backend else "/.*/libc.so.6")
        self.tap.ok(report.code == 0 and re.search(wanted, report.out.decode(), re.M),
                    "%s: the report names the allocator" % name, report.out[:500])

    def check_nearly(self, name, counts, alone):
        pairs = [(sum(counts.made.values()), sum(alone.made.values())), (sum(counts.taken.values()), sum(alone.taken.values()))]
        good = all(abs(traced - plain) <= NEARLY * plain for traced, plain in pairs)
        self.tap.ok(good, "%s: it allocates nearly as much without the tracer" % name, "(traced, alone): %s" % pairs)

    def check(self, name, program):
        plain, plain_files = self.run(program)
        if plain.code < 0:
            self.tap.skip(name, "it does not run on this allocator even without the tracer (%d)" % plain.code)
            return
        traced, traced_files = self.run(program, counted=True, traced=True)
        good = (plain.code, plain.out, plain.err) == (traced.code, traced.out, traced.err)
        self.tap.ok(good, "%s: same output and exit code" % name,
                    "" if good else "plain: %s\ntraced: %s" % (plain.describe(), traced.describe()))
        if program.files:
            same = plain_files == traced_files and None not in plain_files.values()
            self.tap.ok(same, "%s: same files" % name, "%s" % {n: c is None for n, c in plain_files.items()})
        if not os.path.exists(self.trace_path):
            self.tap.ok(False, "%s: there is a trace" % name, traced.describe())
            return
        counts = Counts(self.counts_path)
        self.check_counts(name, traceview.Trace(self.trace_path), counts)
        self.run(program, counted=True)
        alone = Counts(self.counts_path)
        if not program.deterministic:
            self.check_nearly(name, counts, alone)
        else:
            self.tap.ok((alone.made, alone.taken) == (counts.made, counts.taken),
                        "%s: it allocates the same with and without the tracer" % name,
                        "alone: %s %s\ntraced: %s %s" % (alone.made, alone.taken, counts.made, counts.taken))


# ---- the programs ----

PERL = r"""my %h; for my $i (1..30000) { push @{$h{$i % 777}}, "value $i" x ($i % 5); }
my $text = join "\n", map { "$_: " . join(",", @{$h{$_}}) } sort { $a <=> $b } keys %h;
$text =~ s/(\d+)/<$1>/g; print length($text), "\n"; print substr($text, 0, 2000), "\n";
local $@; eval { die { code => 42 } }; print "caught $@->{code}\n"; exit 3;"""

PYTHON = """import collections, json, re, threading, zlib
class Node:
    def __init__(self, n): self.children = [Node(n - 1) for _ in range(2)] if n else []
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
words = re.findall("[a-z]+", "the quick brown fox " * 3000)
print(collections.Counter(words), deep(800), len(json.dumps([list(range(50))] * 200)))
print(zlib.crc32(zlib.compress(b"abc" * 10000)), len(Node(12).children))
results = []
threads = [threading.Thread(target=lambda n=n: results.append(sum(len(str(i)) for i in range(n)))) for n in (1000, 2000)]
for t in threads: t.start(); t.join()
print(results)
try: [][1]
except IndexError as e: print(e)
raise SystemExit(7)
"""

NODE = """const m = new Map(); for (let i = 0; i < 50000; i++) m.set('k' + i % 999, [i, 'v' + i]);
console.log(m.size, JSON.stringify([...m.values()]).length);
const z = require('zlib'); console.log(z.gzipSync(Buffer.alloc(100000, 'abc')).length);
setTimeout(() => { console.error('done'); process.exit(5); }, 1);"""

JQ = """[range(3000) | {id: ., name: "item \\(. * 7919 % 1009)", tags: [range(. % 5)]}]
| (group_by(.name[5:] | tonumber % 13)[] | map(.id) | [length, add, max]), (map(.tags | length) | add), (tojson | length),
  (tojson | fromjson | sort_by(.name) | .[0, 1500, -1] | .name | ascii_upcase), ("stop" | halt_error(3))"""

C_SOURCE = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n" + "".join(
    "static int f%d(const char *s, int n) { int sum = %d; for (int i = 0; i < n; i++) sum += s[i] * (i %% %d + 1);\n"
    "  switch (sum %% 3) { case 0: return sum; case 1: return -sum; default: return sum / 2; } }\n" % (i, i, i + 1)
    for i in range(120)) + "int main(int argc, char **argv) { int sum = 0;\n" + "".join(
        "  sum += f%d(argv[0], %d);\n" % (i, i % 3) for i in range(120)) + "  return sum & 1; }\n"

SQL = """create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
insert into t select i, 'text ' || (i * 7919 % 1009), i / 3.0 from n;
create index x on t(b); select count(*), b from t group by b order by 1 desc, 2 limit 5;
select sum(c) from t where b like 'text 1%'; select group_concat(b) from (select b from t order by b limit 50);"""


def prepare_c(folder):
    with open(os.path.join(folder, "a.c"), "w") as f:
        f.write(C_SOURCE)


def git(folder, *arguments):
    date = "2020-01-01T00:00:00 +0000"
    env = harness.environment(HOME=folder, GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments], cwd=folder, env=env,
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def prepare_git(folder):
    git(folder, "init", "-q", "-b", "main")
    for commit in range(8):
        for name in range(12):
            with open(os.path.join(folder, "file%d" % name), "w") as f:
                f.write("".join("line %d of file %d in commit %d\n" % (i, name, commit if i % 7 == 0 else 0)
                                for i in range(80)))
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "commit %d" % commit)


def prepare_python(folder):
    with open(os.path.join(folder, "script.py"), "w") as f:
        f.write(PYTHON)


PYTHON3 = "/usr/bin/python3"
TIMES = [(rb"in [0-9.]+ ?m?s(ec)?", b"in TIME"), (rb"0:0\d:\d\d(\.\d+)?", b"TIME"), (rb"\d+(\.\d+)? (ms|sec)", b"TIME"),
         (rb"load avg: [0-9.]+", b"load avg")]
TEST_MODULES = ["test_dict", "test_struct", "test_heapq", "test_textwrap", "test_json"]


def python_tests_are_there():
    return bool(__import__("glob").glob("/usr/lib/python3*/test/test_heapq.py"))


PROGRAMS = [
    Program("perl", ["/usr/bin/perl", "-e", PERL], deterministic=True, env={"PERL_HASH_SEED": "0"}),
    Program("jq", ["jq", "-n", "-r", JQ], deterministic=True),
    Program("python3", [PYTHON3, "script.py"], prepare=prepare_python, env={"PYTHONMALLOC": "malloc"}),
    Program("python3 -m test", [PYTHON3, "-m", "test", *TEST_MODULES], scrub=TIMES,
            needs=[] if python_tests_are_there() else ["/usr/lib/python3/test (libpython3.11-testsuite)"]),
    Program("gcc", ["gcc", "-O2", "-g", "-c", "a.c", "-o", "a.o"], files=["a.o"], prepare=prepare_c),
    Program("g++ link", ["g++", "-x", "c", "a.c", "-o", "a"], files=["a"], prepare=prepare_c),
    Program("git log", ["git", "--no-pager", "log", "-p", "--stat", "-M"], deterministic=True, prepare=prepare_git),
    Program("git gc", ["git", "-c", "pack.threads=2", "gc", "-q", "--aggressive", "--prune=now"], prepare=prepare_git),
    Program("git fsck", ["git", "fsck", "--full", "--no-progress"], deterministic=True, prepare=prepare_git),
    Program("node", ["node", "-e", NODE]),
    Program("sqlite3", ["sqlite3", ":memory:", SQL], deterministic=True),
    Program("clang", ["clang", "-O2", "-c", "a.c", "-o", "a.o"], files=["a.o"], prepare=prepare_c),
]
QUICK_PROGRAMS = ("perl", "jq", "gcc", "git log")
# For allocators that differ from others in how they are loaded, not in how they are called.
FEW_PROGRAMS = ("perl", "jq", "python3", "git log", "git gc")
# The report of its run must name the allocator.
NAMED_WITH = "jq"


# ---- redis: a server and its clients ----

REDIS_COMMANDS = "".join("set key%d value%d\nlpush list %d\nhset hash f%d %d\n" % (i, i, i, i % 50, i)
                         for i in range(300)) + "get key7\nlrange list 0 5\nhgetall hash\ndbsize\n"


def wait_for_server(path, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(path)
                return True
            except OSError:
                time.sleep(0.005)
    return False


# What is there after the benchmark; its keys are fixed.
REDIS_QUESTIONS = b"dbsize\nllen mylist\nzcard myzset\nget key:__rand_int__\nconfig get maxmemory\n"
# What differs from run to run in a server's log and in the benchmark's figures.
REDIS_SCRUB = [(rb"\d+:([A-Z]) \d\d \w+ \d{4} [0-9:.]+", rb"PID:\1 TIME"), (rb"pid=\d+", b"pid=PID"), (rb"PID: \d+", b"PID"),
               (rb"(?m)^[^\n]*\r", b""), (rb"[0-9.]+ requests per second, p50=[0-9.]+", b"N requests per second, p50=N")]


def redis_session(runner, traced):
    """(what the clients and the benchmark saw, server's exit code, its stdout and stderr)"""
    runner.fresh(Program("redis", ["redis-server"]))
    path = os.path.join(runner.work, "socket")
    argv = ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", runner.work, "--loglevel", "notice"]
    env = runner.environment(Program("redis", ["redis-server"]), counted=traced)
    if traced:
        argv = [harness.TOOL, "run", "-q", "--report=none", "-o", runner.trace_path, "--", *argv]
    server = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              start_new_session=True)
    seen = []
    if wait_for_server(path, server):
        plain_env = harness.environment()
        for argv, text in ((["redis-cli"], REDIS_COMMANDS.encode()),
                           (["redis-benchmark", "-q", "-n", "2000", "-t", "set,get,lpush,zadd", "-c", "10"], b""),
                           (["redis-cli"], REDIS_QUESTIONS), (["redis-cli", "shutdown", "nosave"], b"")):
            done = subprocess.run([argv[0], "-s", path, *argv[1:]], input=text, env=plain_env, capture_output=True, check=False)
            seen += [argv[0], done.returncode, scrubbed(done.stdout, REDIS_SCRUB), done.stderr]
    try:
        out, err = server.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, 9)
        out, err = server.communicate()
    return seen, server.returncode, scrubbed(out, REDIS_SCRUB), err


def check_redis(runner, name):
    for needed in ("redis-server", "redis-cli", "redis-benchmark"):
        if not shutil.which(needed):
            runner.tap.skip(name, "there is no %s" % needed)
            return
    plain = redis_session(runner, False)
    if plain[1] != 0:
        runner.tap.skip(name, "it does not run on this allocator even without the tracer (%s)" % plain[1])
        return
    traced = redis_session(runner, True)
    runner.tap.ok(plain == traced and bool(plain[0]), "%s: clients and benchmark see the same, same log, same exit code" % name,
                  "plain %r\ntraced %r" % (plain, traced))
    if os.path.exists(runner.trace_path):
        runner.check_counts(name, traceview.Trace(runner.trace_path), Counts(runner.counts_path))
    else:
        runner.tap.ok(False, "%s: there is a trace" % name, traced)


def main(backend_name, names=None):
    """names: of the programs; all of them otherwise."""
    tap = harness.Tap()
    with harness.Folder() as folder:
        runner = Runner(tap, folder, backend_name)
        if backend_name != "glibc" and not runner.backend:
            tap.skip("real programs on %s" % backend_name, "the allocator is not installed")
            tap.done()
        for program in PROGRAMS:
            name = "%s on %s" % (program.name, backend_name)
            if program.name not in (names or [program.name]) or (harness.QUICK and program.name not in QUICK_PROGRAMS):
                continue
            lacking = program.lacking()
            if lacking:
                tap.skip(name, "there is no %s" % lacking)
            else:
                runner.check(name, program)
                if program.name == NAMED_WITH:
                    runner.check_named(name, program)
        if not harness.QUICK:
            check_redis(runner, "redis-server on %s" % backend_name)
    tap.done()

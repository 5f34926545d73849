"""workloads.py - what bench/run measures: how each workload is prepared and run, and which targets
hold for it.

run(how) gets a Launcher (bench/run): it starts a command plain, under the null interposer, under
alloctrace or under heaptrack. It returns an Outcome.
"""
import os
import re
import shutil
import socket
import subprocess
import time


class Outcome:
    """seconds: the time that the workload itself took, in its own words where it measures that;
    live: how many blocks lived at once, peak_kb: its peak resident memory (0: not known)."""

    def __init__(self, seconds, live=0, peak_kb=0):
        self.seconds = seconds
        self.live = live
        self.peak_kb = peak_kb


class Workload:
    """`share_of_heaptrack`: added time per event may be at most this part of heaptrack's;
    `times_plain`: wall time may be at most this many times plain's; `check_times_plain`: the same for
    looking for wrong frees alone (--no-record)."""

    def __init__(self, name, title, program, run, prepare=None, share_of_heaptrack=None, times_plain=None,
                 check_times_plain=None, scale=1.0):
        self.name = name
        self.title = title
        self.program = program  # the process name whose memory counts as the program's
        self.run = run
        self.prepare = prepare
        self.share_of_heaptrack = share_of_heaptrack
        self.times_plain = times_plain
        self.check_times_plain = check_times_plain
        self.scale = scale


def own_figures(out):
    """The "ns=... live=..." line of our programs."""
    figures = dict(re.findall(rb"(\w+)=(\d+)", out))
    return Outcome(int(figures[b"ns"]) / 1e9, int(figures.get(b"live", 0)), int(figures.get(b"rss_kb", 0)))


def synthetic(name, title, **targets):
    def run(how):
        usage = how.run([how.path("bench/alloc-bench"), name, str(how.scale)])
        return own_figures(usage.out)
    return Workload(name, title, "alloc-bench", run, **targets)


def containers(how):
    usage = how.run([how.path("bench/containers-bench"), str(how.scale)])
    return own_figures(usage.out)


# ---- redis ----

def wait_for_socket(path, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(path)
                return
            except OSError:
                time.sleep(0.005)
    raise RuntimeError("redis-server did not start")


def redis(how):
    path = os.path.join(how.folder, "redis.sock")
    if os.path.exists(path):
        os.unlink(path)
    server = how.start(["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no",
                        "--dir", how.folder, "--loglevel", "warning"])
    wait_for_socket(path, server.process)
    begin = time.monotonic()
    subprocess.run(["redis-benchmark", "-s", path, "-q", "-n", str(int(60000 * how.scale)), "-r", "10000", "-t",
                    "set,get,lpush,sadd,hset,zadd"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = time.monotonic() - begin
    subprocess.run(["redis-cli", "-s", path, "shutdown", "nosave"], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    how.finish(server)
    return Outcome(took)


# ---- python3, gcc, sqlite3, jq ----

# The system's, not a shim in front of it.
PYTHON3 = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else "python3"
PYTHON = """
import json, sys
scale = float(sys.argv[1])
def tree(depth): return {"name": "node%d" % depth, "children": [tree(depth - 1) for _ in range(3)]} if depth else [1.5]
total = 0
for i in range(int(170 * scale) + 1):
    text = json.dumps(tree(7))
    total += len(text) + len(json.loads(text)["children"])
    words = ["w%d" % (n * 7919 % 5000) for n in range(20000)]
    counts = {}
    for word in words: counts[word] = counts.get(word, 0) + 1
    total += len("".join(sorted(counts)))
print(total)
"""


def prepare_python(folder, scale):
    with open(os.path.join(folder, "script.py"), "w") as f:
        f.write(PYTHON)


def python(how):
    usage = how.run([PYTHON3, os.path.join(how.folder, "script.py"), str(how.scale)], PYTHONMALLOC="malloc", PYTHONHASHSEED="0")
    return Outcome(usage.wall_s)


def prepare_gcc(folder, scale):
    with open(os.path.join(folder, "large.c"), "w") as f:
        f.write("extern int printf(const char *, ...);\n")
        for i in range(int(1500 * scale) + 10):
            f.write("struct s%d { int a[%d]; double b; const char *c; };\n" % (i, i % 17 + 1))
            f.write("static int f%d(struct s%d *p, int n) {\n  int sum = 0;\n" % (i, i))
            f.write("  for (int i = 0; i < n; i++) { sum += p->a[i %% %d] * %d; if (sum > %d) sum -= p->a[0]; }\n"
                    % (i % 17 + 1, i, i * 100))
            f.write("  switch (n % 4) { case 0: return sum; case 1: return -sum; default: printf(\"%%d\\n\", sum); }\n")
            f.write("  return sum + (int)p->b; }\n")
            f.write("int g%d(struct s%d *p) { return f%d(p, %d); }\n" % (i, i, i, i % 9))


def gcc(how):
    # cc1 is what allocates; the driver would start it as a child, which heaptrack does not follow.
    cc1 = subprocess.run(["gcc", "-print-prog-name=cc1"], capture_output=True, check=True).stdout.decode().strip()
    usage = how.run([cc1, "-quiet", "-O1", os.path.join(how.folder, "large.c"), "-o", os.path.join(how.folder, "large.s")])
    return Outcome(usage.wall_s)


SQL = """create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < %d)
insert into t select i, 'row ' || (i * 7919 %% 100003), i * 0.5 from n;
create index ti on t(b);
select count(*), sum(length(b)) from t where b like 'row 1%%';
select group_concat(b, ';') from (select b from t order by c desc, b limit 20000);
select b, count(*) from t group by substr(b, 1, 6) order by 2 desc limit 5;
"""


def prepare_sqlite(folder, scale):
    with open(os.path.join(folder, "script.sql"), "w") as f:
        f.write(SQL % int(1000000 * scale))


def sqlite(how):
    usage = how.run(["sqlite3", "-init", os.path.join(how.folder, "script.sql"), ":memory:", ".exit"])
    return Outcome(usage.wall_s)


def prepare_jq(folder, scale):
    with open(os.path.join(folder, "large.json"), "w") as f:
        f.write("[")
        for i in range(int(200000 * scale) + 10):
            f.write('%s{"id":%d,"name":"item %d","tags":["a%d","b"],"price":%d.5}\n'
                    % ("," if i else "", i, i * 7919 % 10007, i % 7, i % 1000))
        f.write("]")


def jq(how):
    usage = how.run(["jq", "-c", 'group_by(.tags[0]) | map({k:.[0].tags[0],n:length,s:(map(.price)|add)})',
                     os.path.join(how.folder, "large.json")])
    return Outcome(usage.wall_s)


WORKLOADS = [
    synthetic("shallow", "shallow loop", share_of_heaptrack=1 / 5),
    synthetic("depth-16", "loop, 16 frames", share_of_heaptrack=1 / 5, check_times_plain=1.5),
    synthetic("deep", "deep loop, 64 frames", share_of_heaptrack=1 / 5, check_times_plain=2.5),
    synthetic("random-1", "random sizes and lifetimes, 1 thread", share_of_heaptrack=1 / 5),
    synthetic("random-2", "the same, 2 threads", share_of_heaptrack=1 / 10),
    synthetic("random-8", "the same, 8 threads", share_of_heaptrack=1 / 10),
    synthetic("producer-consumer", "freed by another thread", share_of_heaptrack=1 / 10),
    Workload("containers", "C++ maps and strings", "containers-benc", containers, share_of_heaptrack=1 / 5),
    synthetic("million-live", "a million live blocks", share_of_heaptrack=1 / 5),
    Workload("redis", "redis-server, redis-benchmark", "redis-server", redis, times_plain=1.5),
    Workload("python", "python3, PYTHONMALLOC=malloc", "python3", python, prepare_python, times_plain=1.5),
    Workload("gcc", "gcc (cc1), a large file", "cc1", gcc, prepare_gcc, times_plain=1.5),
    Workload("sqlite", "sqlite3, a large table", "sqlite3", sqlite, prepare_sqlite, times_plain=None),
    Workload("jq", "jq, a large file", "jq", jq, prepare_jq, times_plain=None),
]


def missing(workload):
    """The program that it needs and that is not there, or None."""
    needed = {"redis": ["redis-server", "redis-benchmark", "redis-cli"], "python": [PYTHON3],
              "gcc": ["gcc"], "sqlite": ["sqlite3"], "jq": ["jq"]}.get(workload.name, [])
    for program in needed:
        if not shutil.which(program):
            return program
    return None

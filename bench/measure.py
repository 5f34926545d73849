"""measure.py - runs a command and watches it: wall time, peak resident memory by program name,
and when the program below it ended. Linux only (/proc, pidfd).

Ends are learnt from pidfds, to some ten microseconds; only memory is sampled."""
import os
import select
import subprocess
import threading
import time

SAMPLE_S = 0.01
SEARCH_S = 0.001  # while the program to watch has not been found
TIMEOUT_S = 1200


class Usage:
    """begin: time.monotonic(); wall_s: until the command itself had ended; peak_kb: the largest
    VmHWM seen of each process name; program_end: when the last process of the watched name had
    ended, None where none was seen."""

    def __init__(self):
        self.begin = time.monotonic()
        self.wall_s = 0.0
        self.peak_kb = {}
        self.program_end = None
        self.out = b""
        self.err = b""
        self.code = 0

    def after_s(self):
        """How long the command went on when the program had ended."""
        return None if self.program_end is None else max(0.0, self.begin + self.wall_s - self.program_end)

    def peak_of(self, names):
        return sum(self.peak_kb.get(name, 0) for name in names)


def children_of(pid):
    try:
        tasks = os.listdir("/proc/%d/task" % pid)
    except OSError:
        return []
    found = []
    for task in tasks:
        try:
            with open("/proc/%d/task/%s/children" % (pid, task)) as f:
                found += [int(child) for child in f.read().split()]
        except OSError:
            pass
    return found


def sample(root, usage):
    """One look at all processes below root: {pid: name}."""
    pids, names = [root], {}
    for pid in pids:
        pids += children_of(pid)
        name, peak_kb = None, 0
        try:
            with open("/proc/%d/status" % pid) as f:
                for line in f:
                    if line.startswith("Name:"):
                        name = line.split(None, 1)[1].strip()
                    elif line.startswith("VmHWM:"):
                        peak_kb = int(line.split()[1])
                        break
        except OSError:
            continue
        if name and peak_kb:
            usage.peak_kb[name] = max(usage.peak_kb.get(name, 0), peak_kb)
            names[pid] = name
    return names


class Watched:
    """A running command, and the processes called `program` below it; finish() waits for it."""

    def __init__(self, argv, program=None, env=None, cwd=None, stdin=None, stdout=subprocess.PIPE):
        self.program = program
        self.usage = Usage()
        self.process = subprocess.Popen(argv, env=env, cwd=cwd, stdout=stdout, stderr=subprocess.PIPE,
                                        stdin=stdin or subprocess.DEVNULL)
        self.pidfds = {}  # pid -> pidfd of those still running
        self.poll = select.poll()
        self.add(self.process.pid)
        self.watcher = threading.Thread(target=self.watch)
        self.watcher.start()

    def add(self, pid):
        try:
            self.pidfds[pid] = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        self.poll.register(self.pidfds[pid], select.POLLIN)

    def ended(self, fd):
        now = time.monotonic()
        pid = next(pid for pid, other in self.pidfds.items() if other == fd)
        if pid == self.process.pid:
            self.usage.wall_s = now - self.usage.begin
        else:
            self.usage.program_end = now
        self.poll.unregister(fd)
        os.close(self.pidfds.pop(pid))

    def watch(self):
        found = self.program is None
        while self.process.pid in self.pidfds:
            for pid, name in sample(self.process.pid, self.usage).items():
                if name == self.program and pid not in self.pidfds:
                    found = True
                    self.add(pid)
            until = time.monotonic() + (SAMPLE_S if found else SEARCH_S)
            while self.process.pid in self.pidfds and (left_s := until - time.monotonic()) > 0:
                for fd, _ in self.poll.poll(left_s * 1000):
                    self.ended(fd)
            if time.monotonic() - self.usage.begin > TIMEOUT_S:
                self.process.kill()

    def finish(self):
        # No timeout here: subprocess waits for one by sleeping in steps of up to 50 ms.
        out, err = self.process.communicate()
        self.watcher.join()
        self.usage.out, self.usage.err, self.usage.code = out or b"", err or b"", self.process.returncode
        return self.usage


def run(argv, **more):
    return Watched(argv, **more).finish()

"""measure.py - runs a command and watches it: wall time, peak resident memory by program name,
and when it ended. Linux only (/proc)."""
import os
import subprocess
import threading
import time

SAMPLE_S = 0.01


class Usage:
    """begin: time.monotonic(); wall_s; peak_kb: the largest VmHWM seen of each process name;
    last_seen: when a process of that name was last there."""

    def __init__(self):
        self.begin = time.monotonic()
        self.wall_s = 0.0
        self.peak_kb = {}
        self.last_seen = {}
        self.out = b""
        self.err = b""
        self.code = 0

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
    """One look at all processes below root."""
    pids, now = [root], time.monotonic()
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
            usage.last_seen[name] = now


class Watched:
    """A running command; finish() waits for it."""

    def __init__(self, argv, env=None, cwd=None, stdin=None, stdout=subprocess.PIPE):
        self.usage = Usage()
        self.process = subprocess.Popen(argv, env=env, cwd=cwd, stdout=stdout, stderr=subprocess.PIPE,
                                        stdin=stdin or subprocess.DEVNULL)
        self.stop = threading.Event()
        self.sampler = threading.Thread(target=self._sample)
        self.sampler.start()

    def _sample(self):
        while True:
            sample(self.process.pid, self.usage)
            if self.stop.wait(SAMPLE_S):
                return

    def finish(self, timeout_s=1200):
        try:
            out, err = self.process.communicate(timeout=timeout_s)
        finally:
            self.stop.set()
            self.sampler.join()
            if self.process.poll() is None:
                self.process.kill()
        self.usage.wall_s = time.monotonic() - self.usage.begin
        self.usage.out, self.usage.err, self.usage.code = out or b"", err or b"", self.process.returncode
        return self.usage


def run(argv, **more):
    return Watched(argv, **more).finish()

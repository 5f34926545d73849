"""expectations.py - compares a trace with the `expect ...` lines that a program printed; the keys
are told in programs/expect.h."""


def parse(output):
    """The expectations in a program's stdout, as dictionaries of strings."""
    found = []
    for line in output.decode("utf-8", "replace").splitlines():
        if line.startswith("expect "):
            found.append(dict(word.split("=", 1) for word in line.split()[1:]))
    return found


def in_order(wanted, frames):
    rest = iter(frames)
    return all(any(frame == name for frame in rest) for name in wanted)


def base_name(function):
    """`first_way(int)` and `first_way.constprop.0` as `first_way`."""
    return (function or "?").split("(")[0].split(".")[0]


class Check:
    """One expectation against the blocks of one trace; collects what differs."""

    def __init__(self, wanted, trace):
        self.wanted = wanted
        self.problems = []
        self.blocks = [b for b in trace.blocks if b.size == int(wanted["size"])]
        self.frees = [f for b in self.blocks for f in b.frees]
        known = {"size", "allocs", "frees", "live", "role", "free_role", "threads", "processes", "free_threads",
                 "free_processes", "frames", "callers", "min_depth", "max_depth"}
        if set(wanted) - known:
            self.problems.append("unknown keys %s" % (set(wanted) - known))
        self.numbers()
        self.names()
        self.stacks()

    def number(self, key, seen):
        if key in self.wanted and int(self.wanted[key]) != seen:
            self.problems.append("%s: expected %s, the trace has %d" % (key, self.wanted[key], seen))

    def numbers(self):
        self.number("allocs", len(self.blocks))
        self.number("frees", len(self.frees))
        self.number("live", sum(1 for b in self.blocks if not b.frees))
        self.number("threads", len({b.thread for b in self.blocks}))
        self.number("processes", len({b.process for b in self.blocks}))
        self.number("free_threads", len({f.thread for f in self.frees}))
        self.number("free_processes", len({f.process for f in self.frees}))

    def names(self):
        for key, seen in (("role", {b.role for b in self.blocks}), ("free_role", {f.role for f in self.frees})):
            if key in self.wanted and seen - {self.wanted[key]}:
                self.problems.append("%s: expected %s, the trace has %s" % (key, self.wanted[key], sorted(seen)))

    def stacks(self):
        if not {"frames", "callers", "min_depth", "max_depth"} & set(self.wanted):
            return
        bad = {}
        for block in self.blocks:
            frames = tuple(base_name(name) for name in block.frames)
            if not self.stack_fits(frames):
                bad[frames] = bad.get(frames, 0) + 1
        for frames, count in list(bad.items())[:3]:
            self.problems.append("%d blocks have the stack %s" % (count, " < ".join(frames)))

    def stack_fits(self, frames):
        callers = self.wanted.get("callers", "").split(",") if "callers" in self.wanted else []
        wanted = self.wanted.get("frames", "").split(",") if "frames" in self.wanted else []
        return (list(frames[:len(callers)]) == callers and in_order(wanted, frames) and
                int(self.wanted.get("min_depth", 0)) <= len(frames) <= int(self.wanted.get("max_depth", 1 << 30)))

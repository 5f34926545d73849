"""traceview.py - a trace in memory for the tests, read through tests/trace-text (see there)."""
import os

import harness


class Free:
    def __init__(self, process, thread, role, inherited):
        self.process = process
        self.thread = thread
        self.role = role
        self.inherited = inherited


class Block:
    """frames: function names, innermost first; outside: ROOT, TRUNCATED or UNKNOWN."""

    def __init__(self, process, thread, size, role, stack):
        self.process = process
        self.thread = thread
        self.size = size
        self.role = role
        self.frames, self.outside = stack
        self.frees = []


class Finding:
    """A wrong release. kind: its class; made: the role that made the block, or None; stack,
    made_stack, first_site: function names, innermost first; owner, receiver: numbers of allocators, of
    the block and (if the class is cross) of the release; why, fix: sentences, "" if
    there are none; why_kind, made_why_kind: of the release and of what made the block, or "-"."""

    def __init__(self, word, stacks):
        self.kind, self.role = word[1], word[2]
        self.made = None if word[3] == "-" else word[3]
        self.argument, self.size, self.count = int(word[4]), int(word[5]), int(word[6])
        self.outcome, self.flags = word[7], int(word[8])
        self.process, self.thread = int(word[9]), int(word[10])
        self.owner, self.receiver = int(word[14]), self.argument
        self.why_kind, self.made_why_kind = word[15], word[16]
        self.why, self.fix = " ".join(word[17:]).split("\t")
        self.stack, self.made_stack, self.first_site = (stacks[number][0] for number in word[11:14])

    def __str__(self):
        return "%s: %s of %d bytes of %s, %d times, %s; %s; made by %s; %s/%s: %s" % (
            self.kind, self.role, self.size, self.made, self.count, self.outcome, " < ".join(self.stack),
            " < ".join(self.made_stack), self.why_kind, self.made_why_kind, self.why)


class Trace:
    """blocks: those of the wanted sizes; totals: {role: (allocs, frees)} of all; processes:
    {index: (pid, exe)}; statuses: {index: wait status or None}; losses: {kind: count}; damage;
    findings; allocators: {number: name}, of the heap its file;
    with counts_only, by_thread: {thread: events of the wanted sizes} instead of blocks."""

    def __init__(self, path, sizes=(), counts_only=False):
        self.by_thread = {}
        self.blocks = []
        self.totals = {}
        self.processes = {}
        self.statuses = {}
        self.losses = {}
        self.damage = []
        self.findings = []
        self.allocators = {}
        self._named = {}
        self._stacks = {}
        how = ["-c"] if counts_only else []
        result = harness.run([os.path.join(harness.BUILD, "tests", "trace-text"), *how, path, *map(str, sorted(set(sizes)))])
        if result.code != 0:
            raise ValueError("%s: %s" % (path, result.describe()))
        for line in result.out.decode("utf-8", "replace").splitlines():
            self._line(line.split(" "))

    def _line(self, word):
        kind = word[0]
        if kind == "A":
            block = Block(int(word[3]), int(word[4]), int(word[5]), word[6], self._stacks[word[7]])
            self._named[word[1], word[2]] = block
            self.blocks.append(block)
        elif kind == "F":
            free = Free(int(word[3]), int(word[4]), word[5], word[6] == "1")
            self._named[word[1], word[2]].frees.append(free)
        elif kind == "S":
            frames = " ".join(word[2:]).split(";")
            self._stacks[word[1]] = (frames[:-1], frames[-1])
        elif kind == "C":
            self.by_thread[int(word[1])] = int(word[2])
        elif kind == "R":
            self.totals[word[1]] = (int(word[2]), int(word[3]))
        elif kind == "P":
            self.processes[int(word[1])] = (int(word[2]), " ".join(word[3:]))
        elif kind == "E":
            self.statuses[int(word[1])] = None if word[2] == "-" else int(word[2])
        elif kind == "L":
            self.losses[word[2]] = self.losses.get(word[2], 0) + int(word[3])
        elif kind == "W":
            self.findings.append(Finding(word, self._stacks))
        elif kind == "N":
            self.allocators[int(word[1])] = " ".join(word[2:])
        elif kind == "D":
            self.damage.append(" ".join(word[1:]))

    def allocs(self):
        return sum(allocs for allocs, _ in self.totals.values())

    def frees(self):
        return sum(frees for _, frees in self.totals.values())

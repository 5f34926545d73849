"""programs.py - runs the programs of tests/programs/ plain and traced and compares: output, exit
code, and the trace with what the program says about it."""
import os

import expectations
import harness
import traceview


class Case:
    """program: its name; arguments; preload: a library in LD_PRELOAD of plain and traced run;
    losses: kinds of loss that are all right here; options: for `alloctrace run`."""

    def __init__(self, program, arguments=(), preload=None, losses=(), options=()):
        self.program = program
        self.arguments = list(arguments)
        self.preload = preload
        self.losses = set(losses)
        self.options = list(options)

    def name(self):
        return " ".join([self.program] + self.options + self.arguments)


def same_end(plain, traced):
    """What differs between the two runs, as text; "" if nothing."""
    problems = []
    if plain.code != traced.code:
        problems.append("exit code: plain %d, traced %d" % (plain.code, traced.code))
    if plain.out != traced.out:
        problems.append("stdout differs: plain %r, traced %r" % (plain.out[-300:], traced.out[-300:]))
    if plain.err != traced.err:
        problems.append("stderr differs: plain %r, traced %r" % (plain.err[-300:], traced.err[-300:]))
    return "\n".join(problems)


def check_trace(tap, case, output, path):
    wanted = expectations.parse(output)
    trace = traceview.Trace(path, [w["size"] for w in wanted])
    tap.ok(not trace.damage, "%s: the trace is whole" % case.name(), "\n".join(trace.damage))
    lost = {kind: count for kind, count in trace.losses.items() if count and kind not in case.losses}
    tap.ok(not lost, "%s: nothing is lost" % case.name(), lost)
    tap.ok(not trace.findings, "%s: no release is called wrong" % case.name(), "\n".join(map(str, trace.findings)))
    for one in wanted:
        check = expectations.Check(one, trace)
        words = " ".join("%s=%s" % item for item in one.items() if item[0] not in ("frames", "callers"))
        tap.ok(not check.problems, "%s: %s" % (case.name(), words), "\n".join(check.problems))
    if not wanted:
        tap.ok(False, "%s: it says what it expects" % case.name(), output)


def check(tap, case):
    argv = [harness.program(case.program)] + case.arguments
    plain = harness.run(argv, env=harness.environment(LD_PRELOAD=case.preload))
    if plain.code == 98:
        tap.ok(False, "%s: works without the tracer" % case.name(), plain.describe())
        return
    with harness.Folder() as folder:
        path = os.path.join(folder, "trace.atz")
        env = harness.environment(LD_PRELOAD=case.preload)
        if case.preload:
            # LeakSanitizer cannot see through another malloc that is preloaded into the tool.
            env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        traced = harness.traced(argv, path, options=case.options, env=env)
        difference = same_end(plain, traced)
        if not tap.ok(not difference, "%s: runs as without the tracer" % case.name(), difference):
            tap.note(traced.describe())
        if not os.path.exists(path):
            tap.ok(False, "%s: there is a trace" % case.name(), traced.describe())
            return
        check_trace(tap, case, traced.out, path)


def main(cases):
    tap = harness.Tap()
    for case in cases:
        check(tap, case)
    tap.done()

"""harness.py - what the tests written in Python share: TAP output, temporary folders, running
programs plain and traced.

A test is an executable file NAME.tap that prints TAP; automake's driver runs it in the build
folder with top_srcdir and top_builddir in the environment. Without them it takes ./build, so a
test can be run by hand: `tests/kill.tap`. Every test works in its own temporary folder, waits
for events (never for a time) and uses no fixed port.
"""
import ctypes
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

SOURCE = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("top_builddir") or os.path.join(SOURCE, "build")
TOOL = os.environ.get("ALLOCTRACE") or os.path.join(BUILD, "alloctrace")
RUNTIME = os.path.join(BUILD, "lib", ".libs", "liballoctrace.so")
COUNTER = os.path.join(BUILD, "tests", "counter.so")
SLOW_SYMBOLS = os.path.join(BUILD, "tests", "slow-symbols.so")
BUMP = os.path.join(BUILD, "tests", "bump.so")
# Set by `make distcheck`, which runs everything a second time: the long ones do less then.
QUICK = os.environ.get("ALLOCTRACE_TESTS") == "quick"
TIMEOUT_S = 300

PR_SET_CHILD_SUBREAPER = 36


def _hand_down_no_ignored_signals():
    """`nohup make check &` starts the tests with these ignored, and a Ctrl-C would do nothing to the
    programs. The test goes on ignoring them; exec takes a handler back to the default."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


_hand_down_no_ignored_signals()


def sanitized():
    """Whether the tool was built with --enable-sanitizers: it needs more memory and stack then."""
    with open(TOOL, "rb") as tool:
        return b"__asan_report_load1" in tool.read()


class Tap:
    """Prints results as they come; the plan comes last."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def _line(self, text):
        print(text, flush=True)

    def ok(self, good, name, detail=""):
        self.count += 1
        name = name.replace("#", "")
        self._line("%s %d - %s" % ("ok" if good else "not ok", self.count, name))
        if not good:
            self.failed += 1
            for line in str(detail).splitlines()[:60]:
                self._line("# " + line[:400])
        return good

    def skip(self, name, reason):
        self.count += 1
        self._line("ok %d - %s # SKIP %s" % (self.count, name, reason))

    def note(self, text):
        for line in str(text).splitlines():
            self._line("# " + line)

    def done(self):
        self._line("1..%d" % self.count)
        # automake reads the lines; the exit code is for running a test by hand.
        sys.exit(1 if self.failed and "top_builddir" not in os.environ else 0)


class Result:
    """How a program ended: code is negative for a signal, as in subprocess."""

    def __init__(self, code, out, err, timed_out=False):
        self.code = code
        self.out = out
        self.err = err
        self.timed_out = timed_out

    def describe(self):
        text = "ended with %d%s" % (self.code, ", killed: it took too long" if self.timed_out else "")
        return "%s\nstdout: %s\nstderr: %s" % (
            text, self.out[-1500:].decode("utf-8", "replace"), self.err[-1500:].decode("utf-8", "replace"))


def environment(**changes):
    """The environment of a test program; a None takes a variable out."""
    env = dict(os.environ)
    for name in ("LD_PRELOAD", "PAGER", "COLUMNS"):
        env.pop(name, None)
    env["LC_ALL"] = "C.UTF-8"
    # A tool built with --enable-sanitizers is run with other libraries in LD_PRELOAD, too.
    env["ASAN_OPTIONS"] = "verify_asan_link_order=0"
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = str(value)
    return env


def run(argv, env=None, cwd=None, timeout_s=TIMEOUT_S, stdin=None, **more):
    """Runs argv to its end in its own process group; nothing of it is left behind."""
    process = subprocess.Popen(argv, env=env or environment(), cwd=cwd, start_new_session=True,
                               stdin=stdin if stdin is not None else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    timed_out = False
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        timed_out = True
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    return Result(process.returncode, out, err, timed_out)


def _descendants(pid):
    found = []
    try:
        for task in os.listdir("/proc/%d/task" % pid):
            for child in open("/proc/%d/task/%s/children" % (pid, task)).read().split():
                found += [int(child), *_descendants(int(child))]
    except OSError:
        pass
    return found


def kill_descendants():
    """Ends all that has been started and still runs, daemons too."""
    while True:
        found = _descendants(os.getpid())
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os.waitpid(-1, 0)


def cases(tap, parts, *arguments):
    """Calls each function of parts with tap and arguments; those named on the command line, if any.
    Whatever a case leaves running, because a check in it failed or because it threw, is killed at its
    end: it would keep the driver of the tests waiting for the end of their output."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for part in parts:
        if len(sys.argv) > 1 and part.__name__ not in sys.argv[1:]:
            continue
        try:
            part(tap, *arguments)
        except Exception:
            tap.ok(False, "%s goes to its end" % part.__name__, traceback.format_exc())
        finally:
            kill_descendants()


def traced(argv, trace, options=(), **more):
    """The same under the tool, which writes `trace` and prints no report."""
    return run([TOOL, "run", "-q", "--report=none", "-o", trace, *options, "--", *argv], **more)


def program(name):
    return os.path.join(BUILD, "tests", "programs", name)


class Folder:
    """A temporary folder for one test, removed at the end whatever happens."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="attest.")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def find_library(name):
    """The path of a shared library by its file name, or None."""
    for folder in ("/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    return None


def find_scudo():
    """The path of clang's scudo for 64-bit programs, or None; the highest version of clang has it."""
    found = glob.glob("/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.scudo_standalone-x86_64.so")
    return max(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path)], default=None)


# The allocators that the tests put behind the runtime, by the name in test names.
BACKENDS = {
    "glibc": None,
    "jemalloc": find_library("libjemalloc.so.2"),
    "mimalloc": find_library("libmimalloc.so.2") or find_library("libmimalloc.so.2.0"),
    "tcmalloc": find_library("libtcmalloc_minimal.so.4"),
    "tbbmalloc": find_library("libtbbmalloc_proxy.so.2"),
    "scudo": find_scudo(),
}


def family(backend):
    """What wire/families.def calls the allocator that serves malloc then."""
    return {"tbbmalloc": "tbbmalloc proxy"}.get(backend, backend)

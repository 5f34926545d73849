"""archives.py - static libraries of allocators that Debian has in source packages alone; built when a test
first wants one, and kept in the build folder. Nothing of them is in the source tree."""
import os
import re
import shutil

import harness


def apt_source(folder, package):
    """Has apt bring the sources of a package into folder, without touching its own lists."""
    def get(*arguments, timeout_s=30):
        return harness.run(["apt-get", "-q", "-o", "Dir::Etc::sourcelist=" + lists, "-o", "Dir::Etc::sourceparts=-", "-o",
                            "Dir::State::lists=" + os.path.join(folder, "lists"), "-o", "Dir::Cache=" + folder, "-o",
                            "APT::Sandbox::User=root", "-o", "Acquire::Retries=0", *arguments], cwd=folder, timeout_s=timeout_s)
    os.makedirs(os.path.join(folder, "lists", "partial"))
    lists = os.path.join(folder, "sources.list")
    with open("/etc/os-release") as release, open(lists, "w") as file:
        codename = re.search(r"^VERSION_CODENAME=(\w+)$", release.read(), re.M).group(1)
        file.write("deb-src http://deb.debian.org/debian %s main\n" % codename)
    return get("update").code == 0 and get("source", "--download-only", package).code == 0


def static_mimalloc():
    """Debian has no archive of it that replaces malloc: built from its source package, and kept in the
    build folder. None if that cannot be had."""
    kept = os.path.join(harness.BUILD, "tests", "mimalloc.a")
    if os.path.exists(kept) or not shutil.which("apt-get"):
        return kept if os.path.exists(kept) else None
    with harness.Folder() as folder:
        if not apt_source(folder, "mimalloc"):
            return None
        harness.run(["sh", "-c", "tar xf *.orig.tar.* --strip-components=1"], cwd=folder)
        harness.run(["gcc", "-O2", "-g1", "-fPIC", "-ftls-model=initial-exec", "-fno-builtin-malloc", "-DNDEBUG",
                     "-DMI_MALLOC_OVERRIDE", "-Iinclude", "-c", "src/static.c", "-o", "mimalloc.o"], cwd=folder)
        if harness.run(["ar", "rcs", "mimalloc.a", "mimalloc.o"], cwd=folder).code != 0:
            return None
        shutil.move(os.path.join(folder, "mimalloc.a"), kept)
    return kept

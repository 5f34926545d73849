"""table.py - the figures of bench/run as text or Markdown, and the targets."""

MEGABYTE_KB = 1024
LIVE_BLOCK_BYTES = 32
FIXED_KB = 16 * MEGABYTE_KB


def number(value, unit="", digits=1):
    return "-" if value is None else "%.*f%s" % (digits, value, unit)


class Target:
    """One promise: `figure` may be at most `limit`."""

    def __init__(self, workload, what, figure, limit, unit):
        self.workload = workload
        self.what = what
        self.figure = figure
        self.limit = limit
        self.unit = unit

    def met(self):
        return self.figure <= self.limit

    def cells(self):
        ratio = self.figure / self.limit if self.limit > 0 else float("inf")
        return [self.workload, self.what, "%.4g %s" % (self.figure, self.unit), "%.4g %s" % (self.limit, self.unit),
                "%.2f" % ratio, "met" if self.met() else "MISSED"]


def time_targets(m):
    workload = m.workload
    ours, theirs = m.added_ns("alloctrace"), m.added_ns("heaptrack")
    if ours is None:
        return
    if workload.share_of_heaptrack and theirs is not None:
        yield Target(workload.name, "added time per event, 1/%d of heaptrack's" % round(1 / workload.share_of_heaptrack),
                     ours, theirs * workload.share_of_heaptrack, "ns")
    if workload.times_plain:
        yield Target(workload.name, "wall time, %.1f times plain" % workload.times_plain,
                     m.median("alloctrace", "seconds"), m.median("plain", "seconds") * workload.times_plain, "s")
    if workload.check_times_plain and m.samples.get("check"):
        yield Target(workload.name, "wall time of --no-record, %.1f times plain" % workload.check_times_plain,
                     m.median("check", "seconds"), m.median("plain", "seconds") * workload.check_times_plain, "s")


def other_targets(m):
    name = m.workload.name
    if not m.samples.get("alloctrace"):
        return
    if m.samples.get("heaptrack"):
        events = max(m.events(), 1)
        yield Target(name, "trace bytes per event, heaptrack's", m.median("alloctrace", "trace_bytes") / events,
                     m.median("heaptrack", "trace_bytes") / events, "bytes")
        if m.median("alloctrace", "report_s") is not None:
            yield Target(name, "time to the report, 1/5 of interpret and print", m.median("alloctrace", "report_s"),
                         m.heaptrack_report_s / 5, "s")
    live = m.median("alloctrace", "live")
    if live:
        added_kb = m.median("alloctrace", "program_kb") - m.median("plain", "program_kb")
        yield Target(name, "memory added, %d bytes a live block + 16 MB" % LIVE_BLOCK_BYTES, added_kb / MEGABYTE_KB,
                     (live * LIVE_BLOCK_BYTES / 1024 + FIXED_KB) / MEGABYTE_KB, "MB")


def targets(results):
    return [t for m in results for t in list(time_targets(m)) + list(other_targets(m))]


HEADINGS = ("workload", "way", "seconds", "spread", "x plain", "added ns/event", "program MB", "tool MB", "bytes/event",
            "after s", "report s", "spread")


def rows(m):
    events = m.events()
    for way in m.ways:
        seconds = m.median(way, "seconds")
        traced = way in ("alloctrace", "heaptrack")
        report_s = m.heaptrack_report_s if way == "heaptrack" else m.median(way, "report_s")
        yield [m.workload.name if way == m.ways[0] else "", way, number(seconds, digits=3),
               "%.0f%%" % (100 * m.spread(way, "seconds")), number(seconds / m.median("plain", "seconds"), digits=2),
               number(m.added_ns(way)) if way != "plain" else "",
               number(m.median(way, "program_kb") / MEGABYTE_KB),
               number(m.median(way, "tool_kb") / MEGABYTE_KB) if traced else "",
               number(m.median(way, "trace_bytes") / max(events, 1), digits=2) if traced else "",
               number(m.median(way, "after_s"), digits=3) if traced else "", number(report_s, digits=3) if traced else "",
               "%.0f%%" % (100 * m.spread(way, "report_s")) if way == "alloctrace" else ""]


def aligned(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def progress(m):
    return aligned([HEADINGS] + list(rows(m))) + "\n%d events\n" % m.events()


def plain(results, machine, repeat, quick):
    checked = targets(results)
    missed = [t for t in checked if not t.met()]
    text = "%s\nmedians of %d rounds%s\n\n" % (machine, repeat, ", a tenth of the work" if quick else "")
    if checked:
        text += aligned([("workload", "target", "measured", "at most", "ratio", "")] + [t.cells() for t in checked])
    return text + "\n\n%d targets met, %d missed" % (len(checked) - len(missed), len(missed)), bool(missed)


def markdown_table(lines):
    head = "| " + " | ".join(lines[0]) + " |\n|" + "---|" * len(lines[0]) + "\n"
    return head + "".join("| " + " | ".join(line) + " |\n" for line in lines[1:])


def markdown(results, machine, repeat, quick):
    checked = targets(results)
    missed = [t for t in checked if not t.met()]
    text = "# Results of bench/run\n\n%s. Medians of %d rounds%s, the ways interleaved; spread is half the\n" \
           "distance between the quartiles. What is measured is told in bench/README.md.\n\n" % (
               machine, repeat, ", a tenth of the work" if quick else "")
    text += markdown_table([HEADINGS] + [row for m in results for row in rows(m)])
    text += "\nEvents (allocations and frees): " + ", ".join("%s %d" % (m.workload.name, m.events()) for m in results)
    text += ".\n\n## Targets\n\n%d met, %d missed.\n\n" % (len(checked) - len(missed), len(missed))
    text += markdown_table([("workload", "target", "measured", "at most", "ratio", "")] + [t.cells() for t in checked])
    return text, bool(missed)

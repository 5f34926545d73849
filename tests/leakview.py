"""leakview.py - what `alloctrace leaks` says is lost, in the form that leak_peers.py has for other tools:
{(kind, site): (blocks, bytes)}."""
import collections
import json

import harness
import leak_peers


def document(trace, *options):
    """The JSON."""
    result = harness.run([harness.TOOL, "leaks", "--json", "--kinds=all", "--top=1000000", *options, trace])
    if result.code != 0:
        raise RuntimeError("alloctrace leaks: " + result.describe())
    return json.loads(result.out)


def sites(told):
    """Of such a document; None where nobody looked."""
    if not told["looked"]:
        return None
    sums = collections.defaultdict(lambda: [0, 0])
    for leak in told["leaks"]:
        site = leak_peers.site_of([frame.get("function") for frame in leak["stack"]["frames"]])
        sums[leak["kind"], site][0] += leak["blocks"]
        sums[leak["kind"], site][1] += leak["bytes"]
    return {key: tuple(value) for key, value in sums.items()}


def load(trace, *options):
    return sites(document(trace, *options))


def together(found):
    """Definitely and indirectly lost as one kind, "lost"."""
    sums = collections.defaultdict(lambda: [0, 0])
    for (kind, site), (blocks, size) in found.items():
        kind = "lost" if kind in ("definite", "indirect") else kind
        sums[kind, site][0] += blocks
        sums[kind, site][1] += size
    return {key: tuple(value) for key, value in sums.items()}


def differences(found, lost, reachable):
    """found is to have all of lost and nothing else that is lost, and all of reachable: what is not so, as text."""
    if found is None:
        return "nobody looked for leaks\n"
    text = ""
    for key in sorted({key for key in found if key[0] != "reachable"} | set(lost), key=str):
        if found.get(key) != lost.get(key):
            text += "%s: expected %s, found %s\n" % (" ".join(map(str, key)), lost.get(key), found.get(key))
    for key, sums in reachable.items():
        if found.get(key) != sums:
            text += "%s: expected %s, found %s\n" % (" ".join(key), sums, found.get(key))
    return text

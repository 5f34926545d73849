"""A small real workload for `./bootstrap demo`: JSON in, sorted table out."""
import json

RECORDS = 20000


def make_document():
    return json.dumps([{"id": i, "name": "item %d" % (i * 7919 % RECORDS), "tags": ["a", "b"]}
                       for i in range(RECORDS)])


def main():
    records = json.loads(make_document())
    by_name = sorted(records, key=lambda record: record["name"])
    print("sorted %d records: %s ... %s" % (len(by_name), by_name[0]["name"], by_name[-1]["name"]))


main()

"""Compare the table of endpoints and the event schemas with X's OpenAPI: exit 1 on a difference.

usage: python -m scripts.openapi_coverage [--spec FILE] [--keep]

Without a document the names kept in ``tests/data/openapi_streams.json`` are compared; ``--keep``
writes that file from the document.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tap_twitter_stream.schema import load_schema
from tap_twitter_stream.wire.endpoints import ENDPOINTS, EndpointSpec

Names = dict[str, Any]
_KEPT = Path(__file__).parent.parent / "tests" / "data" / "openapi_streams.json"
# Objects of X whose members are columns of ours; the newest document's name for each.
_OBJECTS = {
    "LikeWithPostAuthor": "likes",
    "PostComplianceSchema": "compliance_events",
    "PostEditComplianceObjectSchema": "compliance_events",
    "PostTakedownComplianceSchema": "compliance_events",
    "UserComplianceSchema": "compliance_events",
    "UserProfileModificationObjectSchema": "compliance_events",
    "UserTakedownComplianceSchema": "compliance_events",
    "UnlikeComplianceSchema": "compliance_events",
    "PostNotice": "tweet_labels",
    "PostUnviewable": "tweet_labels",
}
# Members that have a column of another name.
EXCEPTIONS = {
    "tweet": "its ids are the columns tweet_id and user_id",
    "user": "its id is the column user_id",
    "favorite": "its ids are the columns tweet_id and user_id",
    "tweet_author_id": "lands in liked_tweet_author_id, the name that X's samples have",
}


def names_of(document: Names) -> Names:
    """Return what is compared of a document: parameters with bounds, members of events."""
    parts = document["components"]
    endpoints: Names = {}
    for path, methods in document["paths"].items():
        get = methods.get("get", {})
        if not get.get("x-twitter-streaming"):
            continue
        found = [
            parts["parameters"][one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
            for one in get.get("parameters", ())
        ]
        endpoints[path] = {one["name"]: one["schema"].get("maximum") for one in found}
    schemas = parts["schemas"]
    objects = {
        name: sorted(schemas[name].get("properties", ())) for name in _OBJECTS if name in schemas
    }
    return {"endpoints": endpoints, "objects": objects}


def differences(names: Names) -> list[str]:
    """Return one line for each thing that X has and we have not, or the other way round."""
    # X's document has no stream of v1.1 statuses, Powerstream included.
    ours = {
        spec.path: spec for spec in ENDPOINTS.values() if spec.holds != "statuses" and spec.is_live
    }
    lines = [f"endpoint {path}: only at X" for path in names["endpoints"] if path not in ours]
    lines += [f"endpoint {path}: only here" for path in ours if path not in names["endpoints"]]
    for path, theirs in names["endpoints"].items():
        if path in ours:
            lines += _parameters(path, theirs, parameters_of(ours[path]))
    for name, members in names["objects"].items():
        columns = load_schema(_OBJECTS[name])["properties"]
        lines += [
            f"member {name}.{one}: no column"
            for one in members
            if one not in columns and one not in EXCEPTIONS
        ]
    return lines


def parameters_of(spec: EndpointSpec) -> Names:
    """Return the parameters that the tap knows for an endpoint, each with its upper bound."""
    known: Names = dict.fromkeys((*spec.field_params, *(name for name, _ in spec.fixed_params)))
    if spec.partitions_total:
        known["partition"] = spec.partitions_total
    if spec.backfill:
        known["backfill_minutes"] = 5
    if spec.recovery:
        known |= {"start_time": None, "end_time": None}
    return known


def _parameters(path: str, theirs: Names, ours: Names) -> list[str]:
    return [
        f"parameter {name} of {path}: {theirs.get(name, 'absent')} at X,"
        f" {ours.get(name, 'absent')} here"
        for name in sorted({*theirs, *ours})
        if (name in theirs, theirs.get(name)) != (name in ours, ours.get(name))
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the coverage and return the exit code."""
    parser = argparse.ArgumentParser(description="Compare with X's OpenAPI document.")
    parser.add_argument("--spec", type=Path, help="a full OpenAPI document")
    parser.add_argument("--keep", action="store_true", help="keep its names for the tests")
    options = parser.parse_args(arguments)
    names = json.loads((options.spec or _KEPT).read_text(encoding="utf-8"))
    if options.spec:
        names = names_of(names)
    if options.keep:
        _KEPT.write_text(json.dumps(names, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    found = differences(names)
    parameters = sum(map(len, names["endpoints"].values()))
    members = sum(map(len, names["objects"].values()))
    sys.stdout.write(
        f"{len(names['endpoints'])} endpoints, {parameters} parameters, {members} members of"
        f" events: {len(found)} differences\n"
    )
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""Teaches Schemathesis what it does not know of the service."""
import json

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def one_line(_context, value):
    return json.dumps(value).encode()


@schemathesis.hook
def filter_case(_context, case):
    """A form with a list of at most one value is the same request as one without the list, so its wrong type cannot be seen."""
    is_form = (case.media_type or "").startswith("multipart/") and isinstance(case.body, dict)
    return not is_form or all(
        name == "images" or not isinstance(value, list) or len(value) > 1 for name, value in case.body.items()
    )

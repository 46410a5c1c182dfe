"""Teaches Schemathesis the media types of the service that it does not know."""
import json

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def one_line(_context, value):
    return json.dumps(value).encode()

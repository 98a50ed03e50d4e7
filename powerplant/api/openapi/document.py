"""The whole document, and the file that it is committed as."""

from __future__ import annotations

import json
from pathlib import Path

from powerplant import __version__
from powerplant.api.openapi.addresses import addresses
from powerplant.api.openapi.plans import plans
from powerplant.api.openapi.responses import HEADERS, shared_responses
from powerplant.api.openapi.schemas import Json, all_schemas

FILE = Path(__file__).parents[1] / "openapi.json"

DESCRIPTION = """\
How much each power plant should produce during one hour, so that the load is met exactly and as cheaply as possible.

Every error is a problem document (RFC 9457), whose `type` is an address that explains it. Besides what is listed with
each address, one that does not exist answers 404, and a method that an address does not take 405 with the header
`Allow`. A slash at the end of an address means nothing. `X-Request-ID` may be sent with any request: 1 to 128 printable
characters without spaces, under which the log then knows the request.
"""


def document() -> Json:
    """The whole of it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "powerplant",
            "version": __version__,
            "summary": "The cheapest production plan that meets the load of one hour, exactly and proven",
            "description": DESCRIPTION,
        },
        "servers": [
            {"url": "http://127.0.0.1:8888", "description": "as ./runapp and the image start it"},
            {"url": ".", "description": "where this document came from"},
        ],
        "tags": [
            {"name": "plans", "description": "What the service is for"},
            {"name": "problems", "description": "What the types of problems mean"},
            {"name": "operations", "description": "For whoever runs it"},
            {"name": "documentation", "description": "For whoever uses it"},
        ],
        "paths": plans() | addresses(),
        "components": {
            "schemas": all_schemas(),
            "headers": HEADERS,
            "responses": shared_responses(),
        },
    }


def as_text() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"

"""Renews the committed document."""

from powerplant.api.openapi.document import FILE, as_text

FILE.write_text(as_text(), encoding="utf-8")

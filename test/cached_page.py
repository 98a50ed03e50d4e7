"""The service, except that a browser keeps the files of the page: each test of the page loads them again."""

from __future__ import annotations

from flask import Flask

import powerplant


def create_app() -> Flask:
    """Create the service; Flask finds this function by its name."""
    app = powerplant.create_app()
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    return app

"""Flask's server, which ``powerplant serve`` uses for development, and where gunicorn is not available."""

from __future__ import annotations

from werkzeug.serving import WSGIRequestHandler

from powerplant import create_app


class RequestHandler(WSGIRequestHandler):
    """Logs no requests, since the service does, and does not name the server software."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""

    def version_string(self) -> str:
        """The header Server."""
        return "powerplant"


def run(host: str, port: int) -> None:
    """Serve until the process ends; with Flask's debugger if the settings ask for it."""
    create_app().run(host, port, request_handler=RequestHandler)

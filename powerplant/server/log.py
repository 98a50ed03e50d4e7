"""What gunicorn itself has to say."""

from __future__ import annotations

from gunicorn.glogging import Logger


class Log(Logger):  # type: ignore[misc] # gunicorn carries no types
    """gunicorn's log, without a line for each request unless somebody asks for it: the service writes its own."""

    @property
    def access_log_enabled(self) -> bool:
        """Whether such lines are put together; gunicorn would, whenever the log has a form, and then drop them."""
        return bool(self.cfg.accesslog)

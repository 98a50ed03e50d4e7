"""What can go wrong, without a word of HTTP.

::

    PowerplantError
    ├── ConfigurationError    a setting that is not legal
    └── (more below)
"""

from __future__ import annotations


class PowerplantError(Exception):
    """The root of every error that this package raises on purpose."""


class ConfigurationError(PowerplantError):
    """An environment variable holds a value that is not legal."""

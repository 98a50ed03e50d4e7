"""gunicorn reads this file by itself from the folder that it is started in. Its arguments take precedence."""

from powerplant.gunicorn_conf import *  # noqa: F403 - gunicorn takes the names that are its settings

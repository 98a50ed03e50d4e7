# docker build --tag powerplant:latest .
# docker run --name powerplant -p 8888:8888 powerplant:latest

# --- Installs. Mirrors and certificates stay in this stage. ---------------------------------------------------------
FROM python:3.11-slim AS build

# A package mirror, for example: --build-arg PIP_INDEX_URL=https://mirror.example/simple
ARG PIP_INDEX_URL
# The certificates of a mirror or a proxy that has its own: --build-arg CA_CERTIFICATES="$(cat ca.pem)"
ARG CA_CERTIFICATES
RUN if [ -n "$CA_CERTIFICATES" ]; then \
      printf '%s\n' "$CA_CERTIFICATES" > /usr/local/share/ca-certificates/build.crt && update-ca-certificates \
      && pip config --global set global.cert /etc/ssl/certs/ca-certificates.crt; \
    fi

WORKDIR /app
ENV POETRY_VIRTUALENVS_IN_PROJECT=true
# What changes least comes first: Poetry, the locked dependencies, the package.
COPY runapp ./
RUN ./runapp poetry --version
COPY pyproject.toml poetry.lock ./
RUN ./runapp poetry install --no-interaction --compile --only main --extras "metrics live horizon excel" --no-root
COPY powerplant powerplant
# The log contains the address of the mirror.
RUN ./runapp poetry install --no-interaction --compile --only-root && python -m compileall -q powerplant \
    && rm .poetry/install.log runapp

# --- Runs. ----------------------------------------------------------------------------------------------------------
FROM python:3.11-slim

# This user owns no file and has no home. The number is fixed, so that Kubernetes can check that it is not 0.
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin gunicorn

WORKDIR /app
# Poetry writes only to /tmp, so that the rest can be read-only.
ENV PATH=/app/.poetry/bin:$PATH \
    POETRY_CACHE_DIR=/tmp/poetry \
    POETRY_VIRTUALENVS_IN_PROJECT=true \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    POWERPLANT_HOST=0.0.0.0 \
    POWERPLANT_PORT=8888
COPY --from=build /app ./
COPY gunicorn.conf.py ./

USER gunicorn
EXPOSE 8888
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 CMD ["python", "-c", \
  "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['POWERPLANT_PORT']}/health\", timeout=4)"]

# gunicorn reads /app/gunicorn.conf.py by itself, also with other arguments:
# docker run ... powerplant:latest run gunicorn --workers 4
ENTRYPOINT ["poetry"]
CMD ["run", "gunicorn"]

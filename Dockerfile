# The gateway's own image: the sidecar, the `gatehouse` command, and the demo services.
FROM python:3.13-slim-bookworm AS build
RUN pip install --no-cache-dir "uv>=0.9,<1"
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock ./
COPY client client
# Whole packages, not links into this stage.
RUN uv sync --frozen --no-default-groups --group examples --no-editable

FROM python:3.13-slim-bookworm
# A named volume takes its owner and mode from the image, where the image has its directory.
RUN groupadd --gid 10001 gatehouse \
  && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent gatehouse \
  && install -d -o gatehouse -g gatehouse -m 0750 \
    /edge /edge/staging /edge/watched /join /var/gatehouse /var/log/gatehouse \
  && install -d -o gatehouse -g gatehouse -m 0700 /acme
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY dynamic-config dynamic-config
COPY examples examples
COPY presets presets
COPY sidecar sidecar
COPY stack stack
COPY traefik/traefik.yaml traefik/traefik.yaml
ENV PATH=/app/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER gatehouse
CMD ["python", "-m", "sidecar.main"]

# The production image: web, worker and beat run from it. Servers for the databases and the broker are not in it.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.txt .
RUN /opt/venv/bin/pip install -r requirements.txt

FROM python:3.11-slim AS run
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OPENBLAS_NUM_THREADS=1 PRODUCTION=1 WEB_CONCURRENCY=2
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin sigmasight
# pg_dump and pg_restore for backups, of the servers' major version: Debian's own are older than that of docker-compose.yml.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates postgresql-common \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install -y --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o 10001 -m 700 /backups
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY manage.py ./
COPY sigmasight ./sigmasight
COPY marketdata ./marketdata
COPY portfolios ./portfolios
COPY tagging ./tagging
COPY analytics ./analytics
COPY assistant ./assistant
RUN python -m compileall -q .
# Only this step knows these values; no server is asked while static files are collected.
RUN SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(64))") ALLOWED_HOSTS=build \
    DATABASE_URL=postgresql://build AI_DATABASE_URL=postgresql://build REDIS_URL=redis://build/0 \
    python manage.py collectstatic --noinput -v 0
USER 10001
EXPOSE 8000
# The probe comes from inside, but Django answers to its allowed hosts only: it asks by the first of them.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; host = os.environ['ALLOWED_HOSTS'].split(',')[0].strip().lstrip('*.') or 'localhost'; u.urlopen(u.Request('http://127.0.0.1:8000/health/live', headers={'Host': host}), timeout=4)"]
CMD ["uvicorn", "sigmasight.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", "--no-access-log", "--timeout-graceful-shutdown", "10"]

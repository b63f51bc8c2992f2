# One image for web, worker, beat, relay and the migration step; the command says which it is.
# The build installs what production needs out of the hashed lock file, and nothing for tests.

FROM python:3.13-slim-bookworm AS packages
WORKDIR /build
COPY pyproject.toml requirements.lock sandbox/production.py ./
RUN python production.py /build > production.lock \
 && python -m venv /opt/righthand \
 && /opt/righthand/bin/pip install --no-cache-dir --require-hashes --requirement production.lock

FROM python:3.13-slim-bookworm
ENV PATH=/opt/righthand/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin righthand
COPY --from=packages /opt/righthand /opt/righthand
WORKDIR /srv/righthand
COPY pyproject.toml ./
COPY migrations migrations
COPY webapp webapp
COPY workers workers
# Compiled once here: the running container cannot write beside the code.
RUN python -m compileall -q webapp workers migrations
USER 10001
EXPOSE 8000
CMD ["gunicorn", "--bind=0.0.0.0:8000", "--worker-class=gthread", "--workers=2", "--threads=8", "--preload", \
     "--worker-tmp-dir=/dev/shm", "--max-requests=5000", "--max-requests-jitter=500", "--graceful-timeout=20", \
     "--no-control-socket", "--access-logfile=-", \
     "--access-logformat=%(h)s %(t)s \"%(m)s %({righthand.where}e)s\" %(s)s %(B)s %(M)sms", "webapp.app:create_app()"]

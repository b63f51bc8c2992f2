"""How to tell that a program is there and at work."""

from pathlib import Path

import psycopg
import redis

from sandbox.ports import DIRECT


def page_answers(address: str) -> bool:
    """A GET is answered with 200."""
    try:
        with DIRECT.open(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def worker_waits(redis_url: str) -> bool:
    """Somebody stands at the broker and waits for a task."""
    client = redis.Redis.from_url(redis_url, socket_timeout=2)
    try:
        return any("brpop" in each["cmd"] for each in client.client_list())
    except redis.RedisError:
        return False
    finally:
        client.close()


def uses_database(program: str, database_url: str) -> bool:
    """A program that was started under this name (PGAPPNAME) has a session there."""
    query = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s"
    try:
        with psycopg.connect(database_url.replace("+psycopg", "", 1), connect_timeout=2) as found:
            return found.execute(query, [program]).fetchone() is not None
    except psycopg.OperationalError:
        return False


def has_files(folder: Path) -> bool:
    return any(folder.iterdir())

"""Starting from nothing: the environment, ``run -- CMD``, as root and as an ordinary user."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sandbox import bootstrap
from sandbox.bootstrap import ROOT
from sandbox.postgres_home import own_folder, reachable
from sandbox.schema import Schema
from sandbox.state import State
from tests import databases
from tests.sandbox.supervised import environment, state_folder

SHOW = (
    "import json, os, psycopg, redis;"
    "connection = psycopg.connect(os.environ['DATABASE_URL'].replace('+psycopg', ''));"
    "print(json.dumps({"
    " 'role': connection.execute('SELECT current_user').fetchone()[0],"
    " 'pong': redis.Redis.from_url(os.environ['REDIS_URL']).ping(),"
    " 'uid': os.getuid(), 'settings': sorted(os.environ)}))"
)
EXPORTED = {
    "DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "STRIPE_API_KEY", "STRIPE_API_BASE",
    "STRIPE_WEBHOOK_SECRET", "SMTP_URL", "MAIL_FROM", "SECRET_KEY", "TOTP_SECRETS", "TRUSTED_HOSTS",
    "BASE_URL", "CLOCK_OFFSET_FILE", "RIGHTHAND_ENV", "RIGHTHAND_STATE",
}  # fmt: skip


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as path:
        yield path


def sandbox(*words: str, **settings: str) -> list[str]:
    prefix = [f"{name}={value}" for name, value in settings.items()]
    return ["env", *prefix, sys.executable, "-m", "sandbox.cli", *words]


def run(words: list[str], env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=90)


def test_a_command_finds_servers_and_settings_and_nothing_is_left(state: Path) -> None:
    done = run(sandbox("run", "--", "python", "-c", SHOW), environment(state))
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["role"] == "righthand_app"
    assert shown["pong"] is True
    assert set(shown["settings"]) >= EXPORTED
    assert list((state / "throwaway").iterdir()) == []


def test_the_commands_own_exit_code_is_ours(state: Path) -> None:
    assert run(sandbox("run", "--", "sh", "-c", "exit 7"), environment(state)).returncode == 7


def test_given_addresses_are_used_and_nothing_is_started(state: Path) -> None:
    given = {"DATABASE_URL": "postgresql://elsewhere/db", "REDIS_URL": "redis://elsewhere"}
    show = "echo $DATABASE_URL $MIGRATION_DATABASE_URL $REDIS_URL; ls $RIGHTHAND_STATE/run"
    done = run(sandbox("run", "--", "sh", "-c", show), environment(state, **given))
    database, broker = given.values()
    assert done.stdout.split() == [database, database, broker]


def test_an_abandoned_throwaway_folder_is_cleared_by_the_next_run(state: Path) -> None:
    abandoned = State.at(state).throwaway()
    (abandoned.root / "lock").touch()
    long_ago = time.time() - 3600
    os.utime(abandoned.root, (long_ago, long_ago))
    assert run(sandbox("run", "--", "true"), environment(state)).returncode == 0
    assert not abandoned.root.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests already run as an ordinary user")
def test_an_ordinary_user_needs_nothing_from_root(state: Path) -> None:
    """It may read everything, as the Python of this run may lie in root's home; not write."""
    shutil.chown(state, "nobody")
    become = ["setpriv", "--reuid=nobody", "--clear-groups"]
    become += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    words = sandbox("run", "--", "python", "-c", SHOW, HOME=str(state))
    done = run([*become, *words], environment(state))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["uid"] != 0


def test_a_python_that_is_too_old_is_told_so() -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 10, 4); sys.argv = ['x', 'demo']; "
    done = run(
        [sys.executable, "-c", pretend + "runpy.run_module('sandbox', None, '__main__')"], {}
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


@pytest.fixture
def empty_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock file that asks for nothing, and a .venv that is not there yet."""
    lock, venv = tmp_path / "requirements.lock", tmp_path / ".venv"
    lock.write_text("# nothing\n")
    monkeypatch.setattr(bootstrap, "LOCK_FILE", lock)
    names = {"VENV": "", "PYTHON": "bin/python", "STAMP": ".installed-lock"}
    names |= {"UNFINISHED": ".installing", "PIP_LOG": "pip.log"}
    for name, place in names.items():
        monkeypatch.setattr(bootstrap, name, venv / place)
    return lock


def install() -> None:
    with bootstrap.only_one() as lock:
        bootstrap.install(lock)


def test_the_environment_is_made_kept_and_mended(empty_lock: Path) -> None:
    assert not bootstrap.is_current()
    install()
    assert bootstrap.is_current()

    trace = bootstrap.VENV / "trace"
    trace.touch()
    empty_lock.write_text("# nothing again\n")
    assert not bootstrap.is_current()
    install()
    assert bootstrap.is_current()
    assert trace.exists(), "a changed lock is installed into the environment that is there"

    empty_lock.write_text("flask==3.1.3\n")
    with pytest.raises(bootstrap.BootstrapError, match="hash"):
        install()
    assert not bootstrap.is_current(), "a package without a hash is refused, in pip's words"

    empty_lock.write_text("# nothing\n")
    install()
    assert bootstrap.is_current()
    assert not trace.exists(), "an environment that was left half-way is made anew"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_data_others_could_not_reach_is_kept_where_they_can(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    found = reachable(hidden)
    assert found.parent == Path("/var/tmp")
    assert found == reachable(hidden), "and found again"
    found.rmdir()


def test_a_folder_of_somebody_elses_making_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(PermissionError):
        own_folder(tmp_path / "link")


@pytest.fixture
def own_database() -> Iterator[str]:
    """For whoever changes more than rows."""
    with databases.clone() as url:
        yield url


def test_migrations_are_left_out_only_when_nothing_has_changed(
    tmp_path: Path, own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = Schema(own_database, tmp_path / "schema.json")
    assert not schema.is_current(), "nothing is known of this database yet"
    schema.remember()
    assert schema.is_current()
    monkeypatch.setattr("sandbox.schema.MIGRATIONS", ROOT / "webapp" / "booking")
    assert not schema.is_current(), "other files"
    monkeypatch.undo()
    with psycopg.connect(own_database.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'earlier'")
    assert not schema.is_current(), "another version in the database"

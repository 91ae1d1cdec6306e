"""The image and the compose file: what production starts, checked without an engine."""

from __future__ import annotations

import ast
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
import yaml
from django.conf import settings
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
APPLICATION = ("migrate", "web", "worker", "beat")
RUNNING = ("web", "worker", "beat")
SERVERS = ("core-db", "ai-db", "redis")


def instruction(name: str) -> str:
    """The last instruction of this name in the Dockerfile, without the name."""
    return [line for line in DOCKERFILE if line.startswith(f"{name} ")][-1].removeprefix(name).strip()


def exec_form(words: str) -> list[str]:
    command: list[str] = json.loads(words[words.index("[") :])
    return command


def test_compose_file_fits_its_schema() -> None:
    schema = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_text())).validate(COMPOSE)


def test_all_parts_are_there() -> None:
    assert set(SERVICES) == {*SERVERS, *APPLICATION, "backup"}


def test_application_runs_from_one_image() -> None:
    assert {SERVICES[name]["image"] for name in APPLICATION} == {"sigmasight:latest"}


@pytest.mark.parametrize("name", ["core-db", "ai-db"])
def test_databases_have_pgvector_and_a_probe_of_their_own_database(name: str) -> None:
    service = SERVICES[name]
    assert service["image"] == "pgvector/pgvector:pg18"
    assert service["healthcheck"]["test"][1].endswith(f"-d {service['environment']['POSTGRES_DB']}")


def test_every_server_keeps_its_files_in_a_volume_of_its_own() -> None:
    volumes = [SERVICES[name]["volumes"][0].split(":")[0] for name in SERVERS]
    assert len(set(volumes)) == len(SERVERS)
    assert {*volumes, "backups"} == set(COMPOSE["volumes"])


def test_broker_survives_a_restart_and_never_evicts_a_task() -> None:
    command = SERVICES["redis"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_servers_are_reachable_from_this_machine_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_nothing_starts_before_the_migrations_and_the_broker() -> None:
    for name in RUNNING:
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert SERVICES[name]["depends_on"]["redis"]["condition"] == "service_healthy"
    assert {d["condition"] for d in SERVICES["migrate"]["depends_on"].values()} == {"service_healthy"}
    assert set(SERVICES["migrate"]["depends_on"]) == {"core-db", "ai-db"}


def test_whoever_is_waited_for_has_a_health_check() -> None:
    waited_for = {
        name
        for service in SERVICES.values()
        for name, condition in service.get("depends_on", {}).items()
        if condition["condition"] == "service_healthy"
    }
    assert waited_for == set(SERVERS)
    assert all("test" in SERVICES[name]["healthcheck"] for name in waited_for)


def test_migrate_prepares_everything_once() -> None:
    service = SERVICES["migrate"]
    commands = re.findall(r"manage\.py (\w+(?: --\w+)?)", service["command"][-1])
    assert commands == ["migrate_all", "seed_demo --reference", "schedule_nightly", "seed_knowledge"]
    assert service["restart"] == "no"


def test_backups_are_made_on_demand_into_a_volume_the_account_may_write_to() -> None:
    backup = SERVICES["backup"]
    assert (backup["profiles"], backup["restart"], backup["image"]) == (["backup"], "no", "sigmasight:latest")
    assert backup["command"][2:5] == ["backup", "--output", "/backups"]
    assert backup["volumes"] == ["${BACKUP_VOLUME:-backups}:/backups"]
    assert f"install -d -o {instruction('USER')} -m 700 /backups" in "\n".join(DOCKERFILE)


def test_a_worker_sees_whether_backups_are_made_and_cannot_spoil_them() -> None:
    worker = SERVICES["worker"]
    assert worker["volumes"] == [f"{SERVICES['backup']['volumes'][0]}:ro"]
    assert worker["environment"].keys() - SERVICES["web"]["environment"].keys() == {"BACKUP_DIRECTORY"}


def test_the_image_brings_the_programs_of_the_servers_version() -> None:
    (client,) = re.findall(r"postgresql-client-(\d+)", "\n".join(DOCKERFILE))
    assert {SERVICES[name]["image"] for name in ("core-db", "ai-db")} == {f"pgvector/pgvector:pg{client}"}


def test_the_rest_is_restarted_and_has_time_to_finish() -> None:
    for name in (*SERVERS, *RUNNING):
        assert SERVICES[name]["restart"] == "unless-stopped"
    for name in RUNNING:
        assert "stop_grace_period" in SERVICES[name]


def test_secrets_come_from_outside() -> None:
    for name in APPLICATION:
        environment = SERVICES[name]["environment"]
        assert environment["PRODUCTION"] == "1"
        assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
        assert environment["ALLOWED_HOSTS"].startswith("${ALLOWED_HOSTS:?")
        assert environment["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    given = re.findall(r"^\s*\w*(?:SECRET|PASSWORD|_KEY)\w*: *(.+)$", COMPOSE_TEXT, re.MULTILINE)
    assert given
    assert all(value.startswith("${") for value in given)


def test_any_password_opens_the_databases() -> None:
    """With the addresses of the compose file, on the servers of this run."""
    server = settings.DATABASES["default"]
    role, password = f"odd_{secrets.token_hex(4)}", "p@ss/w:rd#? %41 $HOME 'ß'"
    address = f"{role}@{server['HOST']}:{server['PORT']}/postgres"
    url = re.sub(r"sigmasight@core-db:5432/core", address, SERVICES["web"]["environment"]["DATABASE_URL"])
    assert address in url
    program = (
        "import django; django.setup(); from django.db import connection as c\n"
        "with c.cursor() as cursor: cursor.execute('SELECT current_user'); print(cursor.fetchone()[0])"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "sigmasight.settings", "DATABASE_URL": url}
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), password))
        try:
            for given, opens in ((password, True), ("guess", False)):
                asked = subprocess.run(
                    [sys.executable, "-c", program], cwd=ROOT, env=environment | {"PGPASSWORD": given},
                    capture_output=True, text=True,
                )  # fmt: skip
                assert (asked.stdout.strip() == role) is opens, asked.stderr
        finally:
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_worker_listens_to_every_queue_of_the_settings() -> None:
    command = SERVICES["worker"]["command"]
    assert command[command.index("-Q") + 1].split(",") == settings.WORKER_QUEUES


def test_image_is_built_in_two_stages_of_the_slim_base() -> None:
    stages = [line.split() for line in DOCKERFILE if line.startswith("FROM ")]
    assert [stage[1] for stage in stages] == ["python:3.11-slim"] * 2
    assert f"COPY --from={stages[0][-1]} /opt/venv /opt/venv" in DOCKERFILE


def test_image_has_no_development_packages_and_no_baked_secret() -> None:
    assert "requirements-dev" not in "\n".join(DOCKERFILE)
    lasting = [line for line in DOCKERFILE if line.startswith(("ENV ", "ARG "))]
    assert not any("SECRET" in line or "_URL" in line for line in lasting)


def test_image_holds_every_package_of_the_project() -> None:
    copied = {line.split()[1] for line in DOCKERFILE if line.startswith("COPY ")}
    assert {path.parent.name for path in ROOT.glob("*/apps.py")} | {"sigmasight", "manage.py"} <= copied


def test_image_runs_unprivileged_and_shuts_down_gracefully() -> None:
    assert instruction("USER") not in ("0", "root")
    command = exec_form(instruction("CMD"))
    assert command[:2] == ["uvicorn", "sigmasight.asgi:application"]
    assert "--timeout-graceful-shutdown" in command


@contextmanager
def production_server(hosts: str, port: int) -> Iterator[None]:
    """The image's own command in production dress. No database is asked while only liveness is probed."""
    command = exec_form(instruction("CMD"))
    command[command.index("--port") + 1] = str(port)
    production = {
        "PRODUCTION": "1", "SECRET_KEY": secrets.token_urlsafe(64), "ALLOWED_HOSTS": hosts, "REDIS_URL": "redis://nowhere/0",
        "DATABASE_URL": "postgresql://nowhere/core", "AI_DATABASE_URL": "postgresql://nowhere/ai", "DEBUG": "0",
    }  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=os.environ | production,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and server.poll() is None:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        assert server.poll() is None, "the server ended by itself"
        yield
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.servers
def test_the_images_probe_passes_whatever_host_is_allowed() -> None:
    probe = exec_form(instruction("HEALTHCHECK"))
    assert probe[:2] == ["python", "-c"]
    ast.parse(probe[2])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def verdict(hosts: str) -> int:
        script = probe[2].replace(":8000/", f":{port}/")
        return subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"ALLOWED_HOSTS": hosts}, stderr=subprocess.DEVNULL
        ).returncode

    with production_server(".example.com,other.org", port):
        assert verdict(".example.com,other.org") == 0
        assert verdict("other.org") == 0
        assert verdict("stranger.net") != 0
    assert verdict("other.org") != 0


def test_docker_compose_accepts_the_file(tmp_path: Path) -> None:
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode
    ):
        pytest.skip("docker compose is not installed here")
    command = ["docker", "compose", "-f", str(ROOT / "docker-compose.yml"), "--env-file"]
    given = tmp_path / "given"
    given.write_text(f"SECRET_KEY={'x' * 60}\nPOSTGRES_PASSWORD=x\nALLOWED_HOSTS=localhost\n")
    checked = subprocess.run([*command, str(given), "config", "-q"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    given.write_text("POSTGRES_PASSWORD=x\nALLOWED_HOSTS=localhost\n")
    refused = subprocess.run([*command, str(given), "config", "-q"], capture_output=True, text=True)
    assert "set SECRET_KEY in .env" in refused.stderr

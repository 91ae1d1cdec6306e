"""The image and the compose file: what production starts, checked without an engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
APPLICATION = ("migrate", "web", "worker", "beat")


def test_all_parts_are_there() -> None:
    assert set(SERVICES) == {"core-db", "ai-db", "redis", *APPLICATION}


def test_application_runs_from_one_image() -> None:
    assert {SERVICES[name]["image"] for name in APPLICATION} == {"sigmasight:latest"}


@pytest.mark.parametrize("name", ["core-db", "ai-db"])
def test_databases_have_pgvector_a_volume_and_a_health_check(name: str) -> None:
    service = SERVICES[name]
    assert service["image"].startswith("pgvector/pgvector")
    volume = service["volumes"][0].split(":")[0]
    assert volume in COMPOSE["volumes"]
    assert "pg_isready" in service["healthcheck"]["test"][1]


def test_nothing_starts_before_the_migrations() -> None:
    for name in ("web", "worker", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["migrate"]["depends_on"]["core-db"]["condition"] == "service_healthy"


def test_secrets_come_from_outside() -> None:
    for name in APPLICATION:
        environment = SERVICES[name]["environment"]
        assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
        assert environment["PRODUCTION"] == "1"
        assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]


def test_worker_listens_to_every_queue() -> None:
    queues = SERVICES["worker"]["command"][-1].split(",")
    assert set(queues) == {"default", "marketdata", "batch", "assistant"}


def test_image_is_built_in_two_stages_and_runs_unprivileged() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert sum(line.startswith("FROM ") for line in lines) == 2
    assert "USER 10001" in lines
    assert not any("requirements-dev" in line for line in lines)


def test_docker_compose_accepts_the_file() -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not installed here")
    given = {"SECRET_KEY": "x" * 60, "POSTGRES_PASSWORD": "x", "ALLOWED_HOSTS": "localhost"}
    checked = subprocess.run(
        ["docker", "compose", "-f", str(ROOT / "docker-compose.yml"), "config", "-q"],
        env=os.environ | given, capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr

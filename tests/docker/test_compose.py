"""The compose file is one by the specification, and keeps passwords out of itself."""

import re
from pathlib import Path

import pytest
import yaml
from compose_spec import PyOptions

from flows.core.settings import load_settings

DOCKER = Path(__file__).parents[2] / "docker"
GIVEN = {"ARCHIVE": "/data/rxte", "DATABASE_PASSWORD": "p", "S3_ACCESS_KEY": "k", "S3_SECRET_KEY": "s", "API_AUTH": "a"}
OFFICIAL = re.compile(r"docker\.io/[a-z]+/[a-z]+:[a-z0-9.-]+")


def interpolated(given):
    def value(match):
        name, default = match.group(1), match.group(2)
        return given.get(name) or (default[2:] if (default or "").startswith(":-") else f"no {name}")

    return re.sub(r"\$\{(\w+)(:[-?][^}]*)?\}", value, (DOCKER / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load(interpolated(GIVEN))["services"]


def test_file_follows_the_specification():
    composed = PyOptions(apply_merge=True).from_yaml(interpolated(GIVEN))
    composed.validate()
    assert set(composed.service_names()) == {"database", "server", "s3", "bucket", "flow", "campaign"}


def test_specification_check_finds_a_typo():
    wrong = interpolated(GIVEN).replace("healthcheck:", "healthchek:")
    with pytest.raises(ValueError, match="healthchek"):
        PyOptions(apply_merge=True).from_yaml(wrong)


def test_passwords_come_from_outside():
    text = (DOCKER / "compose.yaml").read_text()
    for name in ("DATABASE_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "API_AUTH"):
        assert set(re.findall(r"\$\{" + name + r"([^}]*)\}", text)) == {":?run make docker/.env"}
    for line in text.splitlines():
        if re.match(r"\s+\w*(PASSWORD|SECRET|KEY|AUTH)\w*:", line):
            assert "${" in line, line


def test_every_service_is_hardened(services):
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "/tmp" in service["tmpfs"]


def test_only_the_pages_can_be_reached_and_only_from_this_machine(services):
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "server": ["127.0.0.1:4200:4200"]
    }


def test_images_are_targets_of_the_dockerfile_or_official(services):
    targets = set(re.findall(r"^FROM \S+ AS (\w+)$", (DOCKER / "Dockerfile").read_text(), re.M))
    for service in services.values():
        if build := service.get("build"):
            assert service["image"] == f"rossi-{build['target']}"
            assert build["target"] in targets
        else:
            assert OFFICIAL.fullmatch(service["image"])


def test_services_wait_for_what_they_need(services):
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[needed]


def test_configuration_loads(services):
    settings = load_settings(DOCKER / "rossi.toml")
    assert f"{settings.archive}:ro" in services["campaign"]["volumes"][0]
    assert "endpoint=http://s3:9000" in settings.store


def test_the_api_asks_and_its_clients_answer(services):
    server, flow = services["server"]["environment"], services["flow"]["environment"]
    assert server["PREFECT_SERVER_API_AUTH_STRING"] == server["PREFECT_API_AUTH_STRING"] == "a"
    assert flow["PREFECT_API_AUTH_STRING"] == "a"
    assert "*" not in server["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"]

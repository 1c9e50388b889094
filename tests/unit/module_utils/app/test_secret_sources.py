"""Where secrets are, besides the env files, and which values are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _secret_sources
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_values import is_plain, is_secret


@pytest.mark.parametrize(
    ("name", "value", "is_one"),
    [
        ("POSTGRES_PASSWORD", "sunshine", True),
        ("POSTGRES_PASSWORD", "postgres", False),
        ("POSTGRES_PASSWORD", "pg", False),
        ("dbPassword", "hunter22", True),
        ("SESSION_SECRET", "correct horse battery", True),
        ("API_TOKEN", "12345678", False),
        ("API_TOKEN", "t0k3n-12345678", True),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", True),
        ("ENCRYPTION_KEY", "0123456789abcdef0123", True),
        ("PRIMARY_KEY", "identifier", False),
        ("PASSWORD_FILE", "/run/secrets/password", False),
        ("TOKEN_TTL", "3600 s", False),
        ("AUTH_URL", "https://login.example.com/realm", False),
        ("DATABASE", "database", False),
        ("USER", "studio_user", False),
        ("ENABLED", "true", False),
        ("PORT", "127.0.0.1:8000", False),
        ("LOG_LEVEL", "warning", False),
        ("COMMIT", "0123456789abcdef0123456789abcdef01234567", False),
        ("IMAGE", "registry.example.com:5000/studio/app:v1.2.3", False),
        ("GREETING", "Welcome to studio 2024 edition", False),
        ("THING", "k3yL00ksL1keArandomString9", True),
    ],
)
def test_a_value_is_a_secret_by_its_name_and_its_looks(name: str, value: str, is_one: bool) -> None:
    assert is_secret(name, value) is is_one


@pytest.mark.parametrize(
    ("name", "value", "is_one"),
    [
        ("DATABASE", "postgres", True),
        ("APP_FOLDER", "/home/app/web", True),
        ("SQL_ENGINE", "django.db.backends.postgresql", True),
        ("DJANGO_SETTINGS_MODULE", "config.settings.production", True),
        ("DJANGO_ALLOWED_HOSTS", "localhost 127.0.0.1 [web]", True),
        ("POSTGRES_USER", "hello_django", True),
        ("SPRING_PROFILES_ACTIVE", "production,metrics", True),
        ("VIRTUAL_HOST", "shop.example.com:8443", True),
        ("PUBLIC_URL", "https://shop.example.com/de", True),
        ("VERSION", "v2.14.1", True),
        ("TITLE", "Our little online shop", True),
        ("SECRET_KEY_FILE", "/run/secrets/key", True),
        ("POSTGRES_PASSWORD", "postgres", True),
        ("POSTGRES_PASSWORD", "sunshine", False),
        ("APP_KEY", "sunshine", False),
        ("BASIC_AUTH", "admin:sunshine", False),
        ("LOGIN", "admin:sunshine", False),
        ("THING", "hunter-2-f00bar", False),
        ("THING", "qzxwvkjhgfds", False),
        ("THING", "kJhGfDsAqWeRtYuI", False),
        ("DATABASE_URL", "postgres://shop:pw@database/shop", False),
        ("DSN", "host=database password=pw", False),
        ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0AB12CD3/B0AB12CD3/qW3eRt5yUi7oP", False),
        ("PIN", "482915306", False),
        ("FOLDER", "/9j4AAQSkZJRgABAQ", False),
        ("SECRET_ID", "3f9a8b7c-6d5e", False),
    ],
)
def test_a_value_among_secrets_is_plain_by_its_name_and_its_looks(name: str, value: str, is_one: bool) -> None:
    assert is_plain(name, value) is is_one


CONFIG: dict[str, Any] = {
    "services": {
        "web": {
            "environment": {
                "SECRET_KEY": "p$$ss-w0rd",
                "LOG_LEVEL": "warning",
                "CACHE": "redis://:s3cret/1@cache:6379",
            },
            "build": {"context": ".", "args": {"NPM_TOKEN": "npm-canary", "VERSION": "1.2.3"}},
            "labels": ["auth.password=canary-label"],
        },
        "db": {"environment": None, "build": "."},
    },
    "configs": {"settings": {"content": "user=u\npassword=canary-config\n"}},
}


def test_a_rendered_configuration_has_secrets_by_name_and_within() -> None:
    assert set(_secret_sources.of_config(CONFIG)) == {
        "p$ss-w0rd", "s3cret/1", "npm-canary", "canary-label", "canary-config",
    }  # fmt: skip
    assert _secret_sources.of_config({}) == []


def test_files_that_it_names_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("GREETING=any words\nGUESS=any w0rds\nKNOWN=f00-bar1\n")
    (tmp_path / "b.env").write_text("OTHER=${A}-l8ter\n")
    (tmp_path / "one.txt").write_text("first\n-----BEGIN KEY\nabc+def/1\n")
    model = {
        "services": {
            "web": {"env_file": [{"path": str(tmp_path / "a.env"), "required": True}, f"{tmp_path}/${{B}}.env"]},
            "db": {"env_file": str(tmp_path / "missing.env")},
        },
        "secrets": {"one": {"file": str(tmp_path / "one.txt")}, "two": {"environment": "A"}, "three": {"external": 1}},
    }
    found = set(_secret_sources.in_files(model, {"A": "value-a", "B": "b"}, ["KNOWN"]))
    assert found - {(tmp_path / "one.txt").read_text().strip()} == {
        "any w0rds", "value-a-l8ter", "${A}-l8ter", "-----BEGIN KEY", "abc+def/1", "value-a", "",
    }  # fmt: skip
    assert "first" not in found


def test_headers_have_secrets_unless_they_name_them() -> None:
    things = [
        {"headers": {"Authorization": "Bearer abc-123456", "Accept": "text/html"}},
        {"headers": {"Authorization": "Bearer ${TOKEN}"}}, {"headers": None}, {}, None,
    ]  # fmt: skip
    assert set(_secret_sources.of_headers(things)) == {"Bearer abc-123456", "abc-123456"}

"""Settings out of the environment."""

import pytest

from chalicelib.ports import Settings
from chalicelib.settings import from_environment


def test_an_empty_environment_gives_the_defaults() -> None:
    assert from_environment({}) == Settings()


def test_each_variable_sets_its_field() -> None:
    chosen = from_environment(
        {
            "CARILLON_STAGE": "prod",
            "CARILLON_API_URL": "https://api.example/api/",
            "CARILLON_EMULATED_URL": "http://127.0.0.1:4566/{apiId}",
            "CARILLON_ALARM_LEAD_SECONDS": "60",
            "CARILLON_DIRECT_WINDOW_SECONDS": "180",
            "CARILLON_ALLOWED_PRIVATE_HOSTS": "127.0.0.1:4566, LocalHost:80,[::1]:8080,",
            "PATH": "/bin",
        }
    )
    places = frozenset({"127.0.0.1:4566", "localhost:80", "[::1]:8080"})
    assert chosen == Settings("prod", "https://api.example/api", "http://127.0.0.1:4566/{apiId}", 60, 180, places)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CARILLON_ALARM_LEAD_SECONDS", "soon"),
        ("CARILLON_ALARM_LEAD_SECONDS", "-1"),
        ("CARILLON_ALARM_LEAD_SECONDS", "1.5"),
        ("CARILLON_DIRECT_WINDOW_SECONDS", "900"),
        ("CARILLON_DIRECT_WINDOW_SECONDS", "299"),
        ("CARILLON_ALLOWED_PRIVATE_HOSTS", "localhost"),
        ("CARILLON_ALLOWED_PRIVATE_HOSTS", "http://localhost:80"),
    ],
)
def test_what_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} .*{value}"):
        from_environment({name: value})


@pytest.mark.parametrize("window", ["300", "899"])
def test_the_window_may_touch_its_limits_from_inside(window: str) -> None:
    assert from_environment({"CARILLON_DIRECT_WINDOW_SECONDS": window}).direct_window_seconds == int(window)

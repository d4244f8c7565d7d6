import httpx

from tests.harness import Backend
from tests.plugins.rig import Rig, plugin, route


def test_traefik_routes_by_what_a_test_applied_last(
    rig: Rig, caller: httpx.Client, echo: Backend
) -> None:
    rig.apply(route(echo.url, prefix="/one"))
    rig.apply(route(echo.url, prefix="/two"))

    assert caller.get("/one").status_code == 404
    assert caller.get("/two").json()["name"] == "echo"


def test_a_plugin_stands_before_the_service(rig: Rig, caller: httpx.Client, echo: Backend) -> None:
    rig.apply(route(echo.url, plugin("entry")))

    assert caller.get("/").status_code == 200
    assert rig.router("it")["status"] == "enabled"


def test_traefik_tells_its_size(rig: Rig) -> None:
    assert rig.goroutines() > 10
    assert rig.heap_bytes() > 1_000_000
    assert rig.rss_bytes() > 10_000_000

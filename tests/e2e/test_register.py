"""A registration, from the door to the first request through Traefik."""

import pytest

from tests.harness import Backend, Callers, backend, eventually


def test_a_registered_service_is_reached_under_its_prefix(callers: Callers, echo: Backend) -> None:
    said = callers.registered("math", echo.url)

    answer = callers.get("/math/add?a=1")

    assert answer.json()["path"] == "/add?a=1"
    assert said["url"] == f"{callers.gateway.edge}/math"
    assert said["lease"]["ttl_seconds"] == 30
    assert said["warnings"] == []


def test_the_prefix_is_matched_by_segment(callers: Callers, echo: Backend) -> None:
    callers.registered("bill", echo.url)

    statuses = [callers.get(path).status_code for path in ("/bill", "/bill/x", "/billing", "/bil")]

    assert statuses == [200, 200, 404, 404]


def test_the_prefix_is_kept_where_asked(callers: Callers, echo: Backend) -> None:
    callers.registered("kept", echo.url, prefix="/a/kept", strip_prefix=False)

    assert callers.get("/a/kept/x").json()["path"] == "/a/kept/x"


def test_a_base_path_is_kept_before_the_rest(callers: Callers, echo: Backend) -> None:
    callers.registered("based", f"{echo.url}/api/v2/")

    assert callers.get("/based/items").json()["path"] == "/api/v2/items"


def test_a_host_of_its_own_may_take_every_path(callers: Callers, echo: Backend) -> None:
    callers.registered("hosted", echo.url, host="api.example.com")

    hosted = callers.get("/docs", Host="api.example.com")
    elsewhere = callers.get("/anything", Host="other.example.com")

    assert hosted.json()["path"] == "/docs"
    assert elsewhere.status_code == 404


def test_the_gateways_api_is_reached_under_every_host(callers: Callers, echo: Backend) -> None:
    callers.registered("hosted", echo.url, host="api.example.com")

    answer = callers.get("/gateway/health/live", Host="api.example.com")

    assert answer.json() == {"status": "alive"}


def test_only_the_named_routes_are_open(callers: Callers, echo: Backend) -> None:
    routes = [
        {"path": "/tasks/{id}", "methods": ["GET"]},
        {"path": "/tasks", "methods": ["POST", "GET"]},
        {"path": "/odd(name)/v1.0:run", "methods": ["GET"]},
    ]
    callers.registered("some", echo.url, routes=routes)

    opened = [callers.get(path).status_code for path in ("/some/tasks/7", "/some/tasks")]
    odd = callers.get("/some/odd(name)/v1.0:run").status_code
    closed = [
        callers.get(path).status_code
        for path in ("/some", "/some/tasks/7/x", "/some/other", "/some/odd(name)/v1x0:run")
    ]
    wrong_method = callers.http.delete("/some/tasks/7").status_code

    assert (opened, odd, closed, wrong_method) == ([200, 200], 200, [404] * 4, 404)


def test_what_a_nested_service_does_not_open_does_not_fall_through(
    callers: Callers, echo: Backend
) -> None:
    callers.registered("outer", echo.url, prefix="/outer")
    callers.registered("inner", echo.url, prefix="/outer/inner", routes=[{"path": "/open"}])

    statuses = [
        callers.get(path).status_code
        for path in ("/outer/x", "/outer/inner/open", "/outer/inner/closed")
    ]

    assert statuses == [200, 200, 404]


def test_a_service_that_is_not_exposed_is_listed_and_not_routed(
    callers: Callers, echo: Backend
) -> None:
    said = callers.registered("hidden", echo.url, expose="none")

    assert (said["live"], said["url"]) == (False, None)
    assert callers.get("/hidden").status_code == 404
    assert callers.shown("/gateway/services/hidden").json()["expose"] == "none"


def test_the_same_again_is_a_renewal(callers: Callers, echo: Backend) -> None:
    first = callers.register("same", echo.url)
    again = callers.register("same", echo.url)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["generation"] == again.json()["generation"]


def test_without_waiting_the_answer_comes_before_the_edge_has_it(
    callers: Callers, echo: Backend
) -> None:
    body = {"name": "quick", "base_url": echo.url}

    said = callers.post("/gateway/register", body, params={"wait": "false"}).json()

    assert (said["live"], said["generation"]) == (False, None)
    eventually(lambda: "" if callers.get("/quick").status_code == 200 else "not there yet")


def test_instances_share_the_requests_by_weight(callers: Callers, echo: Backend) -> None:
    with backend("second") as second:
        callers.registered("pair", echo.url, instance_id="one", weight=3)
        callers.registered("pair", second.url, instance_id="two", weight=1)

        names = [callers.get("/pair").json()["name"] for _ in range(40)]

    assert (names.count("echo"), names.count("second")) == (30, 10)


def test_heartbeats_renew_and_never_rewrite(callers: Callers, echo: Backend) -> None:
    said = callers.registered("beat", echo.url)
    file = callers.gateway.layout.watched / "services.yaml"
    before = file.stat()

    answer = callers.http.post(said["lease"]["heartbeat_url"], headers=callers.auth("join"))
    renewed = callers.shown("/gateway/services/beat").json()["instances"][0]["lease"]

    assert answer.status_code == 204
    assert renewed["expires_at"] > said["lease"]["expires_at"]
    assert file.stat() == before


def test_a_heartbeat_of_nobody_asks_to_register_again(callers: Callers) -> None:
    answer = callers.post("/gateway/services/ghost/instances/one/heartbeat")

    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/instance-not-found"


def test_a_service_leaves_the_edge_when_it_says_so(callers: Callers, echo: Backend) -> None:
    said = callers.registered("brief", echo.url)

    gone = callers.delete(f"/gateway/services/brief/instances/{said['instance_id']}", key="join")

    assert gone.status_code == 204
    eventually(lambda: "" if callers.get("/brief").status_code == 404 else "still there")
    assert callers.shown("/gateway/services/brief").status_code == 404


@pytest.mark.slow
def test_a_service_leaves_the_edge_when_its_lease_ends(callers: Callers, echo: Backend) -> None:
    callers.registered("lapsed", echo.url, ttl_seconds=5)

    eventually(lambda: "" if callers.get("/lapsed").status_code == 404 else "still there", 8.0)


def test_a_loopback_address_without_an_answer_is_warned_about(callers: Callers) -> None:
    said = callers.registered("nobody", "http://127.0.0.1:9")

    assert "http://host.docker.internal:9" in said["warnings"][0]


def test_a_sole_instance_may_come_back_under_another_prefix(
    callers: Callers, echo: Backend
) -> None:
    callers.registered("moves", echo.url, prefix="/old")

    callers.registered("moves", echo.url, prefix="/new")

    assert [callers.get(path).status_code for path in ("/old", "/new")] == [404, 200]


def test_the_last_service_leaves_a_configuration_that_traefik_takes(
    callers: Callers, echo: Backend
) -> None:
    callers.registered("last", echo.url)
    callers.delete("/gateway/services/last")
    eventually(lambda: "" if callers.get("/last").status_code == 404 else "still there")

    callers.registered("next", echo.url)

    assert callers.get("/next").status_code == 200

"""What must hold while parts of the gateway die."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.load import Load, steady_load
from tests.harness import Backend, Callers, backend, eventually

pytestmark = pytest.mark.slow


def test_the_edge_outlives_the_sidecar_and_valkey(fresh_callers: Callers, echo: Backend) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    for name in ("one", "two", "three"):
        callers.registered(name, echo.url, ttl_seconds=5)
    with steady_load(f"{fresh.edge}/one") as load:
        for dead in (["sidecar"], ["valkey"], ["sidecar", "valkey"]):
            for name in dead:
                fresh.kill(name)
            # Longer than every lease: nobody can send a heartbeat meanwhile.
            _pass_seconds(load, 6)
            for name in reversed(dead):
                fresh.start(name)
            fresh.await_healthy("sidecar", ready=True)
            names = [s["name"] for s in callers.shown("/gateway/services").json()["services"]]
            assert names == ["one", "three", "two"], dead
    assert load.answered > 100
    assert load.failed == []


def test_while_valkey_is_away_writes_wait_reads_answer_and_the_edge_goes_on(
    fresh_callers: Callers, echo: Backend
) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    said = callers.registered("kept", echo.url)
    fresh.kill("valkey")

    writes = [
        callers.register("new", echo.url),
        callers.post(f"/gateway/services/kept/instances/{said['instance_id']}/heartbeat"),
        callers.delete("/gateway/services/kept"),
    ]
    listed = callers.shown("/gateway/services").json()["services"]
    ready = callers.get("/gateway/health/ready")

    assert [answer.status_code for answer in writes] == [503] * 3
    assert all(int(answer.headers["retry-after"]) > 0 for answer in writes)
    assert [service["name"] for service in listed] == ["kept"]
    assert (ready.status_code, ready.json()["errors"][0]["field"]) == (503, "valkey")
    assert callers.get("/kept").status_code == 200
    fresh.start("valkey")
    eventually(lambda: "" if callers.get("/gateway/health/ready").is_success else "not ready")
    assert callers.register("new", echo.url).status_code == 201


def test_a_valkey_that_lost_its_data_is_told_again(fresh_callers: Callers, echo: Backend) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    callers.registered("kept", echo.url, ttl_seconds=None, key="admin")
    fresh.kill("valkey")
    for file in sorted(fresh.layout.valkey.rglob("*.aof")):
        file.unlink()
    for file in sorted(fresh.layout.valkey.rglob("*.manifest")):
        file.unlink()

    fresh.start("valkey")
    log = fresh.layout.log("sidecar")
    eventually(lambda: "" if "it is written again" in log.read_text() else "not noticed")
    fresh.kill("sidecar")
    fresh.start("sidecar")
    fresh.await_healthy("sidecar", ready=True)

    assert callers.get("/kept").status_code == 200
    assert callers.shown("/gateway/services/kept").status_code == 200


def test_a_restart_of_traefik_in_the_middle_is_not_a_refusal(
    fresh_callers: Callers, echo: Backend
) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    callers.registered("before", echo.url)
    direct = f"http://127.0.0.1:{fresh.settings.sidecar_port}/gateway/register"
    body = {"name": "during", "base_url": echo.url}
    fresh.kill("traefik")

    with ThreadPoolExecutor() as pool:
        answer = pool.submit(callers.http.post, direct, json=body, headers=callers.auth("join"))
        fresh.start("traefik")

        assert answer.result().status_code == 201
    eventually(lambda: "" if callers.get("/during").status_code == 200 else "not there yet")
    assert callers.shown("/gateway/services/during").json()["rejected"] is None


def test_while_traefik_is_away_a_registration_is_kept_and_not_called_live(
    fresh_callers: Callers, echo: Backend
) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    direct = f"http://127.0.0.1:{fresh.settings.sidecar_port}/gateway/register"
    body = {"name": "early", "base_url": echo.url}
    fresh.stop("traefik")

    said = callers.http.post(direct, json=body, headers=callers.auth("join")).json()

    assert said["live"] is False
    fresh.start("traefik")
    eventually(lambda: "" if callers.get("/early").status_code == 200 else "not there yet")


def test_a_dead_instance_costs_nobody_a_request(callers: Callers, echo: Backend) -> None:
    health = {"path": "/health", "interval_seconds": 1, "timeout_seconds": 1}
    with backend("second") as second:
        callers.registered("pair", echo.url, instance_id="one", health=health)
        callers.registered("pair", second.url, instance_id="two", health=health)
    with steady_load(f"{callers.gateway.edge}/pair", callers=2) as load:
        for number in range(20):
            callers.registered(f"other-{number}", echo.url)
            _pass_seconds(load, 0.5)
    healthy = {
        instance["instance_id"]: instance["healthy"]
        for instance in callers.shown("/gateway/services/pair").json()["instances"]
    }

    assert load.answered > 100
    assert load.failed == []
    assert healthy == {"one": True, "two": False}


def test_an_instance_that_fails_its_probes_is_left_out_until_it_recovers(
    callers: Callers, echo: Backend
) -> None:
    health = {"path": "/health", "interval_seconds": 1, "timeout_seconds": 1}
    with backend("second") as second:
        callers.registered("pair", echo.url, instance_id="one", health=health)
        callers.registered("pair", second.url, instance_id="two", health=health)

        def answering() -> set[str]:
            return {callers.get("/pair").json()["name"] for _ in range(6)}

        second.healthy = False
        # Long waits: a probe has one second, which a busy machine may not give it at once.
        eventually(lambda: "" if answering() == {"echo"} else f"{answering()} answer", 30.0)
        second.healthy = True
        eventually(lambda: "" if len(answering()) == 2 else f"{answering()} answers", 30.0)


def test_a_restart_brings_no_dead_instance_back(fresh_callers: Callers, echo: Backend) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    health = {"path": "/health", "interval_seconds": 1, "timeout_seconds": 1}
    with backend("second") as second:
        second.healthy = False
        callers.registered("pair", echo.url, instance_id="one", health=health)
        callers.registered("pair", second.url, instance_id="two", health=health)

        def servers() -> str:
            return (fresh.layout.watched / "services.yaml").read_text()

        eventually(lambda: "" if second.url not in servers() else "still in")
        fresh.kill("sidecar")
        fresh.start("sidecar")
        fresh.await_healthy("sidecar", ready=True)

        assert second.url not in servers()


def test_a_thousand_services_come_and_leave_at_once(fresh_callers: Callers, echo: Backend) -> None:
    callers = fresh_callers
    names = [f"many-{number}" for number in range(1000)]

    with ThreadPoolExecutor(32) as pool:
        said = list(
            pool.map(lambda name: callers.register(name, echo.url, ttl_seconds=300).json(), names)
        )
        first, last = callers.get("/many-0").status_code, callers.get("/many-999").status_code
        gone = list(
            pool.map(lambda name: callers.delete(f"/gateway/services/{name}").status_code, names)
        )

    assert all(each["live"] for each in said)
    assert (first, last) == (200, 200)
    assert gone == [204] * 1000
    eventually(lambda: "" if callers.routers() == [] else "some are left")


def _pass_seconds(load: Load, seconds: float) -> None:
    """Let the load run on for a while: here time itself is what is tested."""
    before = load.answered
    threading.Event().wait(seconds)
    assert load.answered > before

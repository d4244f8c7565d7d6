from sidecar.edge.fragments import FragmentCache
from sidecar.edge.render import render
from sidecar.registry.models import Service
from tests.factories import a_service, an_instance

PAIR = (an_instance("one"), an_instance("two", base_url="http://10.0.0.2"))


def test_an_unchanged_service_is_not_rendered_again() -> None:
    services = {"math": a_service("math"), "other": a_service("other")}
    cache = FragmentCache(lambda: services, lambda _: frozenset())
    before = cache()

    services["other"] = a_service("other", prefix="/elsewhere")
    after = cache()

    assert after["math"] is before["math"]
    assert after["other"] == render(services["other"])


def test_an_instance_that_begins_to_fail_is_left_out() -> None:
    failing: frozenset[str] = frozenset()
    service = a_service("math", *PAIR)
    cache = FragmentCache(lambda: {"math": service}, lambda _: failing)
    before = cache()["math"]

    failing = frozenset({"one"})
    during = cache()["math"]
    failing = frozenset()
    after = cache()["math"]

    assert before == after == render(service)
    assert during == render(service, {"one"})


def test_a_service_that_left_and_came_back_is_what_it_is_now() -> None:
    services: dict[str, Service] = {"math": a_service()}
    cache = FragmentCache(lambda: services, lambda _: frozenset())
    cache()

    services = {}
    gone = cache()
    services = {"math": a_service(prefix="/moved")}

    assert gone == {}
    assert cache() == {"math": render(services["math"])}

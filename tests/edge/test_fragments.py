from sidecar.edge.fragments import FragmentCache
from sidecar.edge.render import Ways, render
from sidecar.registry.models import Service
from tests.factories import OTHER, a_service, an_instance

PAIR = (an_instance("one"), an_instance("two", base_url="http://10.0.0.2"))


def test_an_unchanged_service_is_not_rendered_again() -> None:
    services = {"math": a_service("math"), "other": a_service("other")}
    cache = FragmentCache(lambda: services, lambda _: frozenset(), Ways())
    before = cache()

    services["other"] = a_service("other", prefix="/elsewhere")
    after = cache()

    assert after["math"] is before["math"]
    assert after["other"] == render(services["other"])


def test_an_instance_that_begins_to_fail_is_left_out() -> None:
    failing: frozenset[str] = frozenset()
    service = a_service("math", *PAIR)
    cache = FragmentCache(lambda: {"math": service}, lambda _: failing, Ways())
    before = cache()["math"]

    failing = frozenset({"one"})
    during = cache()["math"]
    failing = frozenset()
    after = cache()["math"]

    assert before == after == render(service)
    assert during == render(service, {"one"})


def test_a_service_that_left_and_came_back_is_what_it_is_now() -> None:
    services: dict[str, Service] = {"math": a_service()}
    cache = FragmentCache(lambda: services, lambda _: frozenset(), Ways())
    cache()

    services = {}
    gone = cache()
    services = {"math": a_service(prefix="/moved")}

    assert gone == {}
    assert cache() == {"math": render(services["math"])}


def test_who_comes_to_stand_in_or_leaves_makes_it_another_part() -> None:
    service = a_service("math", policies={"failover": {"service": "spare"}})
    spare = a_service("spare", owner=OTHER.key_id, backup_for=["math"])
    services = {"math": service}
    cache = FragmentCache(lambda: services, lambda _: frozenset(), Ways())
    alone = cache()["math"]

    services = {"math": service, "spare": spare}
    backed = cache()["math"]
    services = {"math": service, "spare": spare.model_copy(update={"backup_for": []})}
    withdrawn = cache()["math"]

    assert alone == withdrawn == render(service)
    assert backed == render(service, standing_in={"spare"})
    assert backed != alone


def test_every_part_knows_the_ways_in() -> None:
    ways = Ways(("edge", "websecure"))
    service = a_service()

    cache = FragmentCache(lambda: {"math": service}, lambda _: frozenset(), ways)

    assert cache() == {"math": render(service, ways=ways)}
    assert "websecure" in cache()["math"].routers

from sidecar.settings import Settings
from stack.layout import layout_of
from stack.processes import processes


def test_each_process_starts_after_those_that_it_asks() -> None:
    settings = Settings.model_construct()

    names = [each.name for each in processes(settings, layout_of(settings))]

    assert names == ["valkey", "sidecar", "traefik", "math"]


def test_a_valkey_of_ones_own_replaces_ours() -> None:
    settings = Settings.model_construct(valkey_url="redis://10.0.0.5/3")

    names = [each.name for each in processes(settings, layout_of(settings))]

    assert names == ["sidecar", "traefik", "math"]


def test_processes_meet_on_this_machine_wherever_they_listen() -> None:
    settings = Settings.model_construct(
        bind="0.0.0.0",  # noqa: S104
        sidecar_bind="::",
        public_url="https://api.example.com",
    )

    by_name = {each.name: each.environment for each in processes(settings, layout_of(settings))}

    assert by_name["math"]["GATEHOUSE_URL"] == "http://127.0.0.1:30090"
    assert by_name["traefik"]["GATEHOUSE_SIDECAR_URL"] == "http://[::1]:30092"

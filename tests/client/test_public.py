import gatehouse


def test_everything_public_is_listed_and_nothing_else() -> None:
    modules = {"answers", "cli", "client", "doorstep", "lease", "lifespan", "machine", "models"}
    public = {name for name in vars(gatehouse) if not name.startswith("_")}

    assert public - modules - {"settings"} == set(gatehouse.__all__)

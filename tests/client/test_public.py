import pkgutil

import gatehouse


def test_everything_public_is_listed_and_nothing_else() -> None:
    modules = {each.name for each in pkgutil.iter_modules(gatehouse.__path__)}
    public = {name for name in vars(gatehouse) if not name.startswith("_")}

    assert public - modules == set(gatehouse.__all__)

"""Hosts and ports as the different sides write them."""


def listen(host: str, port: int) -> str:
    """Answer an address as Traefik listens on it: IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def reach(bind: str) -> str:
    """Answer the host at which this machine reaches a process that listens on `bind`."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104


def url(bind: str, port: int) -> str:
    """Answer the URL at which this machine reaches a process that listens on `bind`."""
    return f"http://{listen(reach(bind), port)}"

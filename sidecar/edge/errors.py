"""What goes wrong on the way to the edge."""

from sidecar.kit.errors import UnavailableError


class TraefikAwayError(UnavailableError):
    """Traefik's API does not answer: that says nothing about the configuration."""

    slug = "traefik-away"
    title = "Traefik's API does not answer"


class ConfigurationFileError(UnavailableError):
    """The generated file can not be written."""

    slug = "configuration-not-written"
    title = "The edge configuration can not be written"

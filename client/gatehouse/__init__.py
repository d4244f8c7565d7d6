"""The SDK: register a service with a Gatehouse gateway."""

from gatehouse.lifespan import Service
from gatehouse.manifest import ManifestError
from gatehouse.models import Health, Route
from gatehouse.policies import Policies
from gatehouse.settings import Settings, read_settings

__all__ = (
    "Health",
    "ManifestError",
    "Policies",
    "Route",
    "Service",
    "Settings",
    "read_settings",
)

"""The SDK: register a service with a Gatehouse gateway."""

from gatehouse.lifespan import Service
from gatehouse.models import Health, Route
from gatehouse.settings import Settings, read_settings

__all__ = ("Health", "Route", "Service", "Settings", "read_settings")

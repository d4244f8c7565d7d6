"""Values for tests: sound unless told otherwise."""

from datetime import UTC, datetime
from typing import Any

from sidecar.access.models import ADMIN_SCOPES, JOIN_SCOPES, Caller
from sidecar.registry.models import Instance, Registration, Service, ServiceTerms
from sidecar.registry.policies.models import Policies

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADMIN = Caller(key_id="admin", scopes=ADMIN_SCOPES)
JOINER = Caller(key_id="joiner", scopes=JOIN_SCOPES)
OTHER = Caller(key_id="other", scopes=JOIN_SCOPES)


def a_registration(name: str = "math", **fields: Any) -> Registration:
    """Make what a service would send."""
    return Registration.model_validate(
        {"name": name, "base_url": "http://127.0.0.1:8000", **fields}
    )


def an_instance(instance_id: str = "one", **fields: Any) -> Instance:
    """Make one instance of a service."""
    given = {
        "instance_id": instance_id,
        "base_url": "http://127.0.0.1:8000",
        "weight": 1,
        "ttl_seconds": 30,
        "version": "",
        "registered_at": NOW,
    }
    return Instance.model_validate(given | fields)


def policies(**given: Any) -> Policies:
    """Make policies from Traefik's own names."""
    return Policies.model_validate(given)


def a_service(name: str = "math", *instances: Instance, **fields: Any) -> Service:
    """Make a registered service; with one instance, if none are given."""
    terms = ServiceTerms.model_validate({"name": name, **_terms(fields)})
    return Service(
        **{field: getattr(terms, field) for field in ServiceTerms.model_fields},
        owner=str(fields.get("owner", JOINER.key_id)),
        created_at=NOW,
        instances={each.instance_id: each for each in instances or (an_instance(),)},
        consents=fields.get("consents", dict.fromkeys(terms.backup_for, JOINER.key_id)),
    )


def a_service_without_instances(name: str = "math", **fields: Any) -> Service:
    """Make a service whose last lease has ended."""
    return a_service(name, **fields).model_copy(update={"instances": {}})


def _terms(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key in ServiceTerms.model_fields}

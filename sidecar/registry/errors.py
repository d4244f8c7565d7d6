"""Why a registration is not taken."""

from sidecar.kit.errors import GatewayError


class ServiceNotFoundError(GatewayError):
    status = 404
    slug = "service-not-found"
    title = "No such service"


class InstanceNotFoundError(GatewayError):
    """There is no lease to renew: the instance registers again."""

    status = 404
    slug = "instance-not-found"
    title = "No such instance"


class ServiceConflictError(GatewayError):
    """Live instances hold the name on other terms."""

    status = 409
    slug = "service-conflict"
    title = "The name is held on other terms"


class PrefixConflictError(GatewayError):
    """The prefix is another service's, or overlaps that of another owner."""

    status = 409
    slug = "prefix-conflict"
    title = "The prefix is taken"


class NotOwnerError(GatewayError):
    """The service belongs to another key."""

    status = 403
    slug = "not-owner"
    title = "The service belongs to another key"


class PermanentLeaseError(GatewayError):
    """`ttl_seconds: null` never ends, so it takes an admin key."""

    status = 403
    slug = "permanent-lease"
    title = "A permanent lease needs the admin key"


class RegistrationRejectedError(GatewayError):
    """The edge does not take what was rendered for this service; everybody else is served."""

    status = 422
    slug = "registration-rejected"
    title = "The edge refuses this registration"


class NotBackupError(GatewayError):
    """The service that should stand in belongs to another key, which has not agreed to it.

    It agrees by naming yours in the `backup_for` of its own registration.
    """

    status = 403
    slug = "not-backup"
    title = "The other service has not agreed"

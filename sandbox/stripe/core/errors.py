"""Stripe's errors: HTTP status, type, code and message as the API documents them.

Source: the error reference of the Stripe API and the SDK's ``ErrorObject``.
"""

from typing import Any

from sandbox.stripe.core.documents import Document


class ApiError(Exception):
    """An answer that is an error. ``keeps_effects`` says whether what was done so far stays."""

    keeps_effects = False

    def __init__(self, status: int, kind: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error: Document = {"type": kind, "message": message}
        self.error |= {name: value for name, value in details.items() if value is not None}

    def body(self) -> Document:
        return {"error": self.error}


class CardDeclined(ApiError):
    """402: the attempt has happened and its records stay."""

    keeps_effects = True


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    return ApiError(400, "invalid_request_error", message, param=param, code=code)


def missing(kind: str, identifier: str, param: str) -> ApiError:
    """No such object: 404 for the one in the path (``param`` is ``id``), 400 for another."""
    label = kind.rsplit(".", 1)[-1].replace("_", " ")
    return ApiError(
        404 if param == "id" else 400,
        "invalid_request_error",
        f"No such {label}: '{identifier}'",
        param=param,
        code="resource_missing",
    )


def unauthenticated(key: str | None) -> ApiError:
    if not key:
        text = "You did not provide an API key, as a bearer token or as the user of basic auth."
        return ApiError(401, "invalid_request_error", text)
    return ApiError(401, "invalid_request_error", f"Invalid API Key provided: {key[:8]}****")


def not_imitated(param: str) -> ApiError:
    """Known to Stripe, unknown here: refused, so that nothing is silently ignored."""
    return invalid(
        f"The stand-in does not act on this parameter yet: {param}", param, "not_imitated"
    )


def key_reused(key: str) -> ApiError:
    return ApiError(
        400,
        "idempotency_error",
        "Keys for idempotent requests can only be used with the same parameters they were first "
        f"used with. Use another key than '{key}' for a different request.",
    )


def rate_limited() -> ApiError:
    return ApiError(429, "invalid_request_error", "Request rate limit exceeded.", code="rate_limit")


def server_error() -> ApiError:
    return ApiError(500, "api_error", "An unknown error occurred.")


def lock_timeout() -> ApiError:
    text = "This object cannot be accessed right now: another request is changing it."
    return ApiError(409, "invalid_request_error", text, code="lock_timeout")

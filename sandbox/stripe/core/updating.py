"""How the API changes an object: metadata is merged, an empty string clears a field."""

from typing import Any

from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.errors import invalid

MOST_KEYS, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500


def merged_metadata(document: Document, given: Any) -> dict[str, str]:
    """The metadata after an update: keys set to ``""`` go, ``""`` as a whole clears it."""
    if given == "":
        return {}
    merged = (document.get("metadata") or {}) | given
    return {key: value for key, value in merged.items() if value != ""}


def changes(document: Document, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters that map straight onto fields, as the values the fields are to take."""
    found = {k: None if v == "" else v for k, v in params.items()}
    if "metadata" in params:
        found["metadata"] = merged_metadata(document, params["metadata"])
    return found


def check_metadata(params: Any) -> None:
    """Stripe's limits on metadata, wherever it occurs in a request."""
    if isinstance(params, list):
        for item in params:
            check_metadata(item)
    if not isinstance(params, dict):
        return
    for key, value in params.items():
        if key == "metadata" and isinstance(value, dict):
            _check_limits(value)
        else:
            check_metadata(value)


def _check_limits(metadata: dict[str, str]) -> None:
    if len(metadata) > MOST_KEYS:
        raise invalid(f"Metadata can have at most {MOST_KEYS} keys.", "metadata")
    for key, value in metadata.items():
        if len(key) > LONGEST_KEY:
            raise invalid(
                f"Metadata keys can be at most {LONGEST_KEY} characters long.", "metadata"
            )
        if len(value) > LONGEST_VALUE:
            text = f"Metadata values can be at most {LONGEST_VALUE} characters long."
            raise invalid(text, f"metadata[{key}]")

"""The two error bodies: a bare array in v2, an object in v3 and from the gateway."""

from typing import Any

STATUS_CODES = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"


class ApiError(Exception):
    """A refusal, with the HTTP status, the JSON body that tells it, and what kind of JSON that is."""

    def __init__(self, status: int, body: Any, media_type: str = "application/json") -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.media_type = media_type


def v2_error(status: int, message: str) -> ApiError:
    return ApiError(status, [{"status": status, "message": message}])


def v3_error(status: int, title: str, errors: dict[str, str] | None = None) -> ApiError:
    return ApiError(status, {"status": status, "title": title, "type": STATUS_CODES, "errors": errors or {}})


def unprocessable(title: str, errors: dict[str, str] | None = None) -> ApiError:
    """422 as the inventory endpoints say it."""
    body = {"status": 422, "title": title, "type": STATUS_CODES, "errors": errors or {}}
    return ApiError(422, body, "application/problem+json")


def v2_not_found() -> ApiError:
    return v2_error(404, "The requested resource was not found.")


def unsupported_field(name: str) -> ApiError:
    return v2_error(400, f"The field '{name}' is not supported by this resource.")


def invalid_field(name: str) -> ApiError:
    return v2_error(400, f"The field '{name}' is invalid.")

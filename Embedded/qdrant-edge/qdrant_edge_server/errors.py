"""Failures as the REST API words them: a class, a text that starts with it, an HTTP status."""


class ServiceError(Exception):
    """An error that has its own HTTP status and a text for the client."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None):
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers or {}


class ConnectionCut(BaseException):
    """The connection was closed on purpose; there is nobody to answer."""


def bad_input(text: str) -> ServiceError:
    """400: the request contradicts the data, for example a vector of a wrong length."""
    return ServiceError(400, f"Wrong input: {text}")


def bad_request(text: str) -> ServiceError:
    """400: the request cannot be done, for example a snapshot with other vectors."""
    return ServiceError(400, f"Bad request: {text}")


def bad_body(text: str) -> ServiceError:
    """400: the body is not JSON, or not of the expected shape."""
    return ServiceError(400, f"Format error in JSON body: {text}")


def already_exists(text: str) -> ServiceError:
    """409: the name is taken."""
    return ServiceError(409, f"Wrong input: {text}")


def forbidden(text: str) -> ServiceError:
    """403: the key, or a rule of the server, does not allow it."""
    return ServiceError(403, f"Forbidden: {text}")


def not_found(text: str) -> ServiceError:
    """404: the named thing is not there."""
    return ServiceError(404, f"Not found: {text}")


def invalid(where: str, text: str) -> ServiceError:
    """422: a value in the path, the query or the body is out of its range."""
    return ServiceError(422, f"Validation error in {where}: [{text}]")


def internal(text: str) -> ServiceError:
    """500: the server could not do what it should have been able to do."""
    return ServiceError(500, f"Service internal error: {text}")


def out_of_space(text: str, status: int = 507) -> ServiceError:
    """507, or 500 as the operating system's own full disk is reported."""
    prefix = "Insufficient storage" if status == 507 else "Service internal error"
    return ServiceError(status, f"{prefix}: {text}")


def collection_missing(name: str) -> ServiceError:
    """404 for a name that is neither a collection nor an alias."""
    return not_found(f"Collection `{name}` doesn't exist!")


#: Beginnings of the engine's messages that are the caller's fault, not the engine's.
_CALLERS_FAULT = (
    "Vector dimension error",
    "Not existing vector name error",
    "Wrong input",
    "Bad request",
    "No range index for",
    "No value index",
    "Conversion between",
    "Wrong vector",
    "invalid JSON path",
    "Multi-vector",
    "Sparse",
    "Validation",
    "failed to parse",
    "failed to convert",
    "Index required but not found",
    "Payload type does not match",
)


def from_engine(failure: BaseException) -> ServiceError:
    """Turns an exception or a panic of the engine into an error of the API."""
    text = str(failure).strip().splitlines()[0] if str(failure).strip() else type(failure).__name__
    if text.startswith("No point with id"):
        return not_found(text)
    if isinstance(failure, (ValueError, TypeError, OverflowError)) or text.startswith(_CALLERS_FAULT):
        return ServiceError(400, text if text.startswith("Wrong input") else f"Wrong input: {text}")
    return internal(text.removeprefix("Service runtime error: ")[:500])

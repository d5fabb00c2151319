"""Snapshots from where a recovery says they are: a URL, a file in the snapshots folder."""

import http.client
import ssl
import uuid
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from .errors import ServiceError, bad_input, bad_request, forbidden, internal
from .registry import Registry

#: A download that gives nothing for so long has failed.
_SILENCE_SECONDS = 60
_PIECE = 1 << 20


def resolve_file(registry: Registry, url: SplitResult) -> Path:
    """The file of a `file://` location: absolute, there, and inside the snapshots folder after resolving links."""
    if url.netloc not in ("", "localhost"):
        raise bad_request(f"Invalid snapshot URI, file path must be absolute or on localhost: {url.geturl()}")
    path = Path(unquote(url.path))
    if not path.is_absolute():
        raise bad_request(f"Snapshot path must be absolute: {path}")
    try:
        real = path.resolve(strict=True)
    except OSError:
        raise bad_request(f"Snapshot file {path} does not exist") from None
    if not real.is_relative_to(registry.snapshots_folder.resolve()):
        raise forbidden("Snapshot file must be inside the snapshots directory")
    if not real.is_file():
        raise bad_request(f"Snapshot file {path} does not exist")
    return real


def connect(url: SplitResult) -> http.client.HTTPConnection:
    """A connection to the server of a URL, for http and https."""
    if not url.hostname or url.scheme not in ("http", "https"):
        raise bad_input(f"the URL must be an http or https URL: {_shown(url)}")
    if url.scheme == "https":
        return http.client.HTTPSConnection(
            url.hostname, url.port, timeout=_SILENCE_SECONDS, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(url.hostname, url.port, timeout=_SILENCE_SECONDS)


def download(registry: Registry, url: SplitResult, api_key: str | None) -> Path:
    """Downloads into a temporary file, without redirects; the caller removes it."""
    target = registry.snapshots_temporary / f"download-{uuid.uuid4().hex}"
    connection = connect(url)
    headers = {"Accept-Encoding": "identity"}
    if api_key:
        headers["api-key"] = api_key
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            raise bad_input(f"Failed to download snapshot from {_shown(url)}: status - {response.status}")
        received = 0
        with open(target, "wb") as file:
            while piece := response.read(_PIECE):
                file.write(piece)
                received += len(piece)
        length = response.getheader("Content-Length")
        if length is not None and int(length) != received:
            raise internal(f"Failed to download snapshot from {_shown(url)}: the connection was closed early")
        return target
    except (OSError, http.client.HTTPException) as failure:
        target.unlink(missing_ok=True)
        raise internal(f"Failed to download snapshot from {_shown(url)}: {type(failure).__name__}") from None
    except ServiceError:
        target.unlink(missing_ok=True)
        raise
    finally:
        connection.close()


def split_location(location: object) -> SplitResult:
    """A location as a URL, 400 when it is none."""
    if not isinstance(location, str):
        raise ServiceError(400, "Format error in JSON body: missing field `location`")
    try:
        url = urlsplit(location)
        _ = url.port
    except ValueError as failure:
        raise bad_input(f"Invalid snapshot URI: {failure}") from None
    return url


def _shown(url: SplitResult) -> str:
    """The URL for a message: no user, no password, no query."""
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.hostname}{port}{url.path}"

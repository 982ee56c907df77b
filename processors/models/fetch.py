"""Downloads with time and size limits."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from ..errors import ModelInstallError
from .progress import ByteProgress, Report, heartbeat

CONNECT_SECONDS = 10.0
MAX_INDEX_BYTES = 50_000_000

_Result = TypeVar("_Result")


def download(url: str, path: Path, *, seconds: float, size: int | None, limit: int, report: Report) -> str:
    """Fetch ``url`` into the file ``path``.

    Args:
        url: an http or https address; redirects are followed.
        path: where the bytes go.
        seconds: a server silent for this long is given up (`CONNECT_SECONDS` at most until it is reached).
        size: the bytes it must have, where known.
        limit: the most bytes it may have.
        report: gets the progress.

    Returns:
        Hex SHA-256 of the bytes.

    Raises:
        ModelInstallError: it could not be had whole; one line says why. The file may then be partly there.
    """
    digest = hashlib.sha256()
    done = 0
    try:
        with ExitStack() as stack:
            with heartbeat(report, f"asking {url}"):
                response = stack.enter_context(_stream(url, seconds))
            announced = int(response.headers.get("content-length") or 0) or None
            if size is not None and announced not in (None, size):
                raise ModelInstallError(f"{url} has {announced} bytes where {size} are expected")
            if (announced or 0) > limit:
                raise ModelInstallError(f"{url} has {announced} bytes, more than the limit of {limit}")
            progress = ByteProgress(report, "downloaded", size or announced)
            with path.open("wb") as file:
                for block in response.iter_bytes(2**20):
                    done += len(block)
                    if done > (limit if size is None else size):
                        raise ModelInstallError(f"{url} goes on after {size or limit} bytes")
                    file.write(block)
                    digest.update(block)
                    progress.add(len(block))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ModelInstallError(f"cannot fetch {url}: {_reason(error)}") from error
    if done == 0 or (size is not None and done != size):
        raise ModelInstallError(f"{url} ended after {done} bytes" + ("" if size is None else f" of {size}"))
    return digest.hexdigest()


def fetch_json(url: str, seconds: float) -> Any:
    """The JSON at ``url``, which must be there whole after ``seconds``.

    Raises:
        ModelInstallError: it was not, or is no JSON.
    """

    def read() -> bytes:
        body = bytearray()
        with _stream(url, seconds) as response:
            for block in response.iter_bytes():
                body += block
                if len(body) > MAX_INDEX_BYTES:
                    raise ModelInstallError(f"{url} has more than {MAX_INDEX_BYTES} bytes")
        return bytes(body)

    try:
        return json.loads(_within(seconds, read))
    except TimeoutError as error:
        raise ModelInstallError(f"{url} did not answer within {seconds:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ModelInstallError(f"cannot fetch {url}: {_reason(error)}") from error
    except ValueError as error:
        raise ModelInstallError(f"{url} is not JSON: {error}") from error


@contextmanager
def _stream(url: str, seconds: float) -> Iterator[httpx.Response]:
    timeout = httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
    try:
        client = httpx.Client(timeout=timeout, follow_redirects=True, headers={"accept-encoding": "identity"})
    except (ValueError, ImportError) as error:
        raise ModelInstallError(f"the proxy that the environment names cannot be used: {error}") from error
    with client, client.stream("GET", url) as response:
        yield response.raise_for_status()


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"the server answers {error.response.status_code} {error.response.reason_phrase}"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__


def _within(seconds: float, call: Callable[[], _Result]) -> _Result:
    """What ``call`` gives, or `TimeoutError`: also where a name server hangs, which no socket timeout ends."""
    results: list[_Result] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            results.append(call())
        except Exception as error:  # raised again below, in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=work, name="duiyi-fetch", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]

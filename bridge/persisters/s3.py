"""Models in a bucket of S3, or of a server that speaks its protocol."""

import contextlib
import functools
import os
from collections.abc import Iterator
from typing import Any, Final

from triglot.errors import ConfigError, StoreError
from triglot.persisters.filelike import FileLike
from triglot.persisters.files import ABSENT, Changed, Found

_GONE: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_LOST_RACES: Final = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
_NO_CONDITIONS: Final = frozenset({"501", "NotImplemented"})


class S3(FileLike):
    """Versions in a bucket, in Palladium's layout.

    Credentials, region and AWS_ENDPOINT_URL come from the environment and the files that all programs of S3 read.

    Args:
        path: 'bucket/key-{version}'.
        endpoint_url: Another server than Amazon's.
        model: Whose files the bare ones are; by default the configuration's `model_name`.

    Raises:
        ConfigError: The path is not a bucket and a key.
    """

    def __init__(self, path: str, endpoint_url: str | None = None, model: str | None = None) -> None:
        plain = path.removeprefix("s3://") if isinstance(path, str) else path
        super().__init__(plain, BucketFiles(endpoint_url), model)
        bucket, _, key = plain.partition("/")
        if not bucket or not key or "{" in bucket:
            raise ConfigError(
                f"the path {path!r} must be a bucket and a key, as in 'my-bucket/models/iris-{{version}}'"
            )


class _Refused(Exception):
    """What the server answered instead of doing it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BucketFiles:
    """Objects in buckets; a path is 'bucket/key'.

    Writers find each other by If-Match and If-None-Match. A server that has not got them leaves the look before and
    the look after a write, between which another writer can be lost: there, let one process write at a time.
    """

    exclusive = False

    def __init__(self, endpoint_url: str | None = None) -> None:
        self._endpoint_url = endpoint_url

    def get(self, path: str) -> Found | None:
        """Return an object with its ETag, or None where there is none."""
        with _told(path):
            try:
                answer, data = self._ask("get_object", path)
            except _Refused as refused:
                if refused.code in _GONE:
                    return None
                raise
            return Found(data, answer.get("ETag"))

    def put(self, path: str, data: bytes, expected: str | None) -> None:
        """Write an object; raises `Changed` where the server finds another state than the expected one."""
        condition = {} if expected is None else {"IfNoneMatch": "*"} if expected == ABSENT else {"IfMatch": expected}
        with _told(path):
            try:
                self._ask("put_object", path, Body=data, **condition)
            except _Refused as refused:
                # what was to be replaced may be gone meanwhile
                if refused.code in _LOST_RACES or ("IfMatch" in condition and refused.code in _GONE):
                    raise Changed from None
                if not condition or refused.code not in _NO_CONDITIONS:
                    raise
                if expected == ABSENT and self.get(path) is not None:
                    raise Changed from None
                self._ask("put_object", path, Body=data)

    def delete(self, path: str) -> None:
        """Remove an object; one that is not there is no error."""
        with _told(path):
            self._ask("delete_object", path)

    @contextlib.contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Hold nothing: S3 has no locks."""
        yield

    def _ask(self, operation: str, path: str, **arguments: Any) -> tuple[dict[str, Any], bytes]:
        """Return the answer and, of a `get_object`, the bytes; raises `_Refused` with the server's code."""
        client = _client(os.getpid(), self._endpoint_url)
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, _, key = path.partition("/")
        try:
            answer = getattr(client, operation)(Bucket=bucket, Key=key, **arguments)
            return answer, answer["Body"].read() if operation == "get_object" else b""
        except ClientError as error:
            said = error.response.get("Error", {})
            raise _Refused(str(said.get("Code", "")), str(said.get("Message", ""))) from None
        except BotoCoreError as error:
            raise StoreError(
                f"s3://{path}: {error}; check the credentials, the region and AWS_ENDPOINT_URL of the environment"
            ) from None


@functools.cache  # a client takes a third of a second to make, and all threads of a process may use one
def _client(pid: int, endpoint_url: str | None) -> Any:
    """Return this process's client: its connections must not cross a fork."""
    try:
        from boto3.session import Session
    except ModuleNotFoundError:
        raise ConfigError("the S3 persister needs boto3; run: pip install 'triglot[s3]'") from None
    # a session of its own, as the default one is not safe for threads while it makes clients
    return Session().client("s3", endpoint_url=endpoint_url)


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except _Refused as refused:
        hint = "make the bucket" if refused.code == "NoSuchBucket" else "check the bucket and the rights of this user"
        raise StoreError(f"s3://{path}: the server answered {refused.code} ({refused}); {hint}") from None

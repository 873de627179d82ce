"""Media of our own on S3: uploads that others make under `uploads/`, and what is published from under `media/`.

A lifecycle rule deletes what still carries the tag `use=none` after 30 days; `keep` changes the tag.
"""

from datetime import timedelta
from typing import IO
from urllib.parse import unquote, urlsplit

from chalicelib.aws.clients import Client, answering, client, code
from chalicelib.ports import Clock, Upload

UPLOAD_SECONDS = 3600
LENT_SECONDS = 3600
"""An hour, or less where the function's own credentials end before it."""
CHUNK = 64 * 1024
PUBLISHED = "media/"
VERBS = {"GET": "get_object", "HEAD": "head_object"}


class S3Files:
    """`Files` in one bucket."""

    def __init__(self, bucket: str, clock: Clock, s3: Client | None = None) -> None:
        self._bucket = bucket
        self._clock = clock
        self._s3 = s3 or client("s3")

    def upload(self, key: str, mime_type: str, size: int) -> Upload:
        """Leave to put a file of exactly this type and size under the key: both are part of what is signed."""
        what = {"Bucket": self._bucket, "Key": key, "ContentType": mime_type, "ContentLength": size}
        until = self._clock.now() + timedelta(seconds=UPLOAD_SECONDS)
        with answering("s3"):
            url = self._s3().generate_presigned_url("put_object", what, ExpiresIn=UPLOAD_SECONDS)
        return Upload(url, {"Content-Type": mime_type, "Content-Length": str(size)}, until)

    def fetch(self, key: str, into: IO[bytes], most: int) -> bool:
        """Write a stored file into another, no more than `most` bytes and one; False where there is none."""
        from botocore.exceptions import ClientError

        with answering("s3"):
            try:
                body = self._s3().get_object(Bucket=self._bucket, Key=key)["Body"]
            except ClientError as refusal:
                if code(refusal) == "NoSuchKey":
                    return False
                raise
            left = most + 1
            while left and (chunk := body.read(min(CHUNK, left))):
                into.write(chunk)
                left -= len(chunk)
            body.close()
        return True

    def store(self, key: str, mime_type: str, file: IO[bytes]) -> None:
        """Put a file under the key."""
        file.seek(0)
        with answering("s3"):
            self._s3().put_object(Bucket=self._bucket, Key=key, Body=file, ContentType=mime_type, Tagging="use=none")

    def keep(self, key: str) -> None:
        """See to it that the file does not vanish."""
        tags = {"TagSet": [{"Key": "use", "Value": "post"}]}
        with answering("s3"):
            self._s3().put_object_tagging(Bucket=self._bucket, Key=key, Tagging=tags)

    def address(self, key: str) -> str:
        """Where the file lies, for good. Nobody can read it there who is not lent it."""
        return self._signed(key, "GET").partition("?")[0]

    def lend(self, address: str, method: str = "GET") -> str:
        """The same address for anybody to GET or HEAD for an hour; what is no address of ours comes back unchanged."""
        key = self._key(address) if method in VERBS else None
        if key is None or self.address(key) != address:
            return address
        return self._signed(key, method)

    def _key(self, address: str) -> str | None:
        """What the key would be, were the address ours. Told apart without a client, which costs to make."""
        if not self._bucket or self._bucket not in address[:300] or PUBLISHED not in address:
            return None
        try:
            path = unquote(urlsplit(address).path)
        except ValueError:
            return None
        start = path.find(f"/{PUBLISHED}")
        return path[start + 1 :] if start >= 0 else None

    def _signed(self, key: str, method: str) -> str:
        what = {"Bucket": self._bucket, "Key": key}
        with answering("s3"):
            url: str = self._s3().generate_presigned_url(VERBS[method], what, ExpiresIn=LENT_SECONDS)
        return url

"""Signed URLs and cookies as Amazon CloudFront has them, made and verified.

Times are Unix seconds or aware datetimes. Sources: Amazon CloudFront developer guide, "Use signed URLs" and "Use signed
cookies"; Amazon S3 API reference, "Authenticating Requests: Using Query Parameters". `HMAC-SHA256` is edgeplane's own:
the same policies under a shared secret of 32 octets or more. Signers and verifiers may be used from several threads.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from edgeplane import _core

Address = IPv4Address | IPv6Address | str
Time = int | datetime
HashAlgorithm = Literal["SHA1", "SHA256"]
COOKIE_PREFIX = "CloudFront-"


class DeniedError(Exception):
    """A request that no signature opens.

    reason: missing-key, unknown-key, malformed-signature, malformed-policy, ambiguous-parameters, unknown-algorithm,
    wrong-signature, expired, not-yet-valid, wrong-address, wrong-resource.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Grant:
    """What a signature opened: until when (Unix seconds), and whose it is."""

    expires: int
    key_id: str


def custom_policy(
    resource: str, expires: Time, *, begins: Time | None = None, ip_address: Address | None = None
) -> str:
    """The document of a custom policy.

    resource: a URL in which `*` stands for any text and `?` for one character, each within scheme, host, path or query;
    the query begins after `\\?`. ip_address: the client's address, or a CIDR block around it. ValueError for what is
    neither.
    """
    address = None if ip_address is None else str(ip_address)
    return _core.custom_policy(resource, _seconds(expires), None if begins is None else _seconds(begins), address)


class Signer:
    """A private key, with the id of the public key that belongs to it."""

    def __init__(self, key_id: str, private_key: str, hash_algorithm: HashAlgorithm = "SHA1") -> None:
        """private_key: PEM (PKCS #1, PKCS #8, SEC 1; not encrypted) of RSA with 2,048 to 8,192 bits or ECDSA on P-256.

        hash_algorithm: SHA1 is what a verifier assumes; SHA256 is said in the URL. ValueError for other keys.
        """
        self._signer = _core.UrlSigner.from_pem(key_id, private_key, hash_algorithm)

    @classmethod
    def with_secret(cls, key_id: str, secret: bytes) -> Signer:
        """A signer with a shared secret of 32 octets or more (`HMAC-SHA256`). ValueError for a shorter one."""
        signer = cls.__new__(cls)
        signer._signer = _core.UrlSigner.from_secret(key_id, secret)
        return signer

    def url(self, url: str, expires: Time | None = None, *, policy: str | None = None) -> str:
        """A signed URL: `url` alone until `expires`, or what `policy` opens.

        ValueError for a URL that cannot be signed, for a malformed policy, and unless one of the two is given.
        """
        separator = "&" if "?" in url else "?"
        return url + separator + "&".join(f"{name}={value}" for name, value in self._parameters(url, expires, policy))

    def cookies(self, url: str = "", expires: Time | None = None, *, policy: str | None = None) -> dict[str, str]:
        """Names and values of signed cookies, under the conditions of `url`."""
        return {COOKIE_PREFIX + name: value for name, value in self._parameters(url, expires, policy)}

    def _parameters(self, url: str, expires: Time | None, policy: str | None) -> list[tuple[str, str]]:
        if (expires is None) == (policy is None):
            raise ValueError("give either expires or policy")
        if policy is not None:
            return self._signer.custom(policy)
        assert expires is not None  # noqa: S101 - one of the two is given
        return self._signer.canned(url, _seconds(expires))


class Verifier:
    """The keys that are trusted."""

    def __init__(self, keys: Mapping[str, str | bytes]) -> None:
        """keys: id → public key in PEM (text) or shared secret (octets). ValueError names a key that cannot be used."""
        public = [(key_id, key) for key_id, key in keys.items() if isinstance(key, str)]
        secrets = [(key_id, key) for key_id, key in keys.items() if isinstance(key, bytes)]
        self._verifier = _core.UrlVerifier(public, secrets)

    def verify(
        self,
        url: str,
        *,
        cookies: Mapping[str, str] | None = None,
        client: Address = "0.0.0.0",  # noqa: S104
        now: Time | None = None,
        method: str = "GET",
    ) -> Grant:
        """What opens a URL to a client; parameters in the URL go before cookies.

        A URL presigned with Signature Version 4 (service `s3`) is verified with the secret of its key id; `method`
        counts there alone. DeniedError where nothing opens it, ValueError for what is no URL or no address.
        """
        sent = None if cookies is None else "; ".join(f"{name}={value}" for name, value in cookies.items())
        moment = int(time.time()) if now is None else _seconds(now)
        grant, reason = self._verifier.verify(url, sent, moment, str(client), method)
        if grant is None:
            raise DeniedError(reason)
        return Grant(*grant)


def _seconds(moment: Time) -> int:
    if isinstance(moment, int):
        return moment
    if moment.tzinfo is None:
        raise ValueError("a datetime without a time zone is no moment; give it one")
    return int(moment.timestamp())

"""A bucket as an origin: an S3-compatible service that checks each signature with AWS's own arithmetic (botocore)."""

from __future__ import annotations

import re
import time
from urllib.parse import unquote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ..edge import cache_policy
from ..origin import Asked, Origin, response
from ..running import until

REGION = "eu-central-1"
CREDENTIALS = "[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>\w+)/\d{8}/eu-central-1/s3/aws4_request, ?"
    r"SignedHeaders=(?P<names>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def is_signed(asked: Asked, port: int, key_id: str, secret: str) -> bool:
    """Whether the signature is the one that botocore makes of the same request."""
    found = AUTHORIZATION.fullmatch(asked.field("Authorization") or "")
    if not found or found["id"] != key_id:
        return False
    names = found["names"].split(";")
    assert {"host", "x-amz-content-sha256", "x-amz-date"} <= set(names)
    headers = {name: asked.field(name) for name in names if name != "host"}
    request = AWSRequest(asked.method, f"http://127.0.0.1:{port}{asked.target}", headers=headers)
    request.context["timestamp"] = asked.field("x-amz-date")
    auth = S3SigV4Auth(Credentials(key_id, secret), "s3", REGION)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return auth.signature(text, request) == found["signature"]


def said(target: str) -> tuple[str, list[str]]:
    """Path and parameters, in whatever order and spelling they go out."""
    path, _, query = target.partition("?")
    return unquote(path), sorted(unquote(pair).removesuffix("=") for pair in query.split("&"))


def test_a_bucket_is_asked_with_a_signature(make_edge, origin: Origin) -> None:
    """Each path and query is signed as it is sent; what comes is kept; new credentials need no reload."""
    known = {"id": "AKIAFIRST", "secret": "first/secret"}

    def answer(asked: Asked) -> bytes:
        if not is_signed(asked, origin.port, known["id"], known["secret"]):
            return response(b"<Error><Code>SignatureDoesNotMatch</Code></Error>", "403 Forbidden")
        return response(asked.target.encode(), ETag='"1"')

    origin.answer = answer
    bucket = {"Id": "origin", "DomainName": "media", "S3OriginConfig": {}, "OriginAccessControlId": {"Ref": "Control"}}
    control = {"Name": "control", "OriginAccessControlOriginType": "s3", "SigningBehavior": "always"}
    edge = make_edge(
        origin.port,
        f'[edge.buckets.media]\nendpoint = "http://127.0.0.1:{origin.port}"\nregion = "{REGION}"\n'
        'credentials_file = "credentials"\n',
        policy=cache_policy(default=600),
        forwards=None,
        config={"Origins": [bucket]},
        resources={
            "Control": {
                "Type": "AWS::CloudFront::OriginAccessControl",
                "Properties": {"OriginAccessControlConfig": control | {"SigningProtocol": "sigv4"}},
            }
        },
    )
    file = edge.directory / "credentials"
    file.touch(0o600)
    file.write_text(CREDENTIALS.format(**known))
    edge.start()
    for path in ("/a.png", "/photos/a%20b+c=1.png", "/caf%C3%A9/~x", "/a?versionId=3&b=%20x", "/a?b"):
        first, second = edge.fetch(path), edge.fetch(path)
        assert (first.status, said(first.content.decode())) == (200, said(f"/media{path}")), path
        assert second.fields["x-cache"] == "Hit from cloudfront", path
    known |= {"id": "AKIASECOND", "secret": "second+secret"}
    assert edge.fetch("/denied").status == 403
    file.write_text(CREDENTIALS.format(**known) + "\n")
    until(lambda: edge.fetch(f"/allowed/{time.monotonic()}").status == 200, edge)

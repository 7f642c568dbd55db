"""Signed URLs and cookies against AWS's own signer (botocore) and a second implementation of the arithmetic."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.core.sign import DeniedError, Grant, Signer, Verifier, custom_policy

NOW = 1_800_000_000
ENDS = NOW + 600
URL = "https://d.example.net/a/b.jpg?size=m"
SECRET = b"0123456789abcdef0123456789abcdef"
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
HASHES = {"SHA1": hashes.SHA1(), "SHA256": hashes.SHA256()}  # noqa: S303


def private_pem(key, form=serialization.PrivateFormat.PKCS8) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def public_pem(key) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def sign(key, hash_name: str, message: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(HASHES[hash_name]))
    return key.sign(message, padding.PKCS1v15(), HASHES[hash_name])


def botocore_signer(key, hash_name: str = "SHA1") -> CloudFrontSigner:
    return CloudFrontSigner("K", lambda message: sign(key, hash_name, message))


VERIFIER = Verifier({"K": public_pem(RSA), "E": public_pem(EC), "S": SECRET})


def verify(url: str, **more) -> Grant:
    return VERIFIER.verify(url, now=NOW, client="192.0.2.7", **more)


def reason(url: str, **more) -> str:
    with pytest.raises(DeniedError) as caught:
        VERIFIER.verify(url, **({"now": NOW, "client": "192.0.2.7"} | more))
    return caught.value.reason


@pytest.mark.parametrize("url", [URL, "https://d.example.net/a", "http://d.example.net:8080/%20?a&b=/*"])
def test_a_canned_url_is_that_of_botocore(url):
    theirs = botocore_signer(RSA).generate_presigned_url(url, date_less_than=datetime.fromtimestamp(ENDS, UTC))
    assert Signer("K", private_pem(RSA)).url(url, ENDS) == theirs
    assert verify(theirs) == Grant(ENDS, "K")


@pytest.mark.parametrize("more", [{}, {"begins": NOW}, {"begins": NOW, "ip_address": "192.0.2.0/24"}])
def test_a_custom_url_is_that_of_botocore(more):
    signer = botocore_signer(RSA)
    begins = datetime.fromtimestamp(NOW, UTC) if "begins" in more else None
    ends = datetime.fromtimestamp(ENDS, UTC)
    policy = signer.build_policy("https://d.example.net/a/*", ends, begins, more.get("ip_address"))
    assert custom_policy("https://d.example.net/a/*", ends, **more) == policy
    theirs = signer.generate_presigned_url(URL, policy=policy)
    assert Signer("K", private_pem(RSA)).url(URL, policy=policy) == theirs
    assert verify(theirs).expires == ENDS


@pytest.mark.parametrize("hash_name", ["SHA1", "SHA256"])
@pytest.mark.parametrize(("key_id", "key"), [("K", RSA), ("E", EC)])
def test_both_keys_and_hashes_go_both_ways(key_id, key, hash_name):
    forms = [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
    for pem in [private_pem(key, form) for form in forms]:
        signed = Signer(key_id, pem, hash_name).url(URL, ENDS)
        assert verify(signed) == Grant(ENDS, key_id)
        sent = dict(parse_qsl(urlsplit(signed).query))
        signature = base64.b64decode(sent["Signature"].replace("-", "+").replace("_", "=").replace("~", "/"))
        condition = f'{{"DateLessThan":{{"AWS:EpochTime":{ENDS}}}}}'
        message = f'{{"Statement":[{{"Resource":"{URL}","Condition":{condition}}}]}}'.encode()
        if key is EC:
            EC.public_key().verify(signature, message, ec.ECDSA(HASHES[hash_name]))
        else:
            RSA.public_key().verify(signature, message, padding.PKCS1v15(), HASHES[hash_name])
        assert sent.get("Hash-Algorithm") == (None if hash_name == "SHA1" else "SHA256")


def test_a_secret_signs_the_same_octets():
    signed = Signer.with_secret("S", SECRET).url(URL, ENDS)
    condition = f'{{"DateLessThan":{{"AWS:EpochTime":{ENDS}}}}}'
    message = f'{{"Statement":[{{"Resource":"{URL}","Condition":{condition}}}]}}'.encode()
    digest = base64.b64encode(hmac.digest(SECRET, message, hashlib.sha256)).decode()
    signature = digest.translate(str.maketrans("+=/", "-_~"))
    assert signed == f"{URL}&Expires={ENDS}&Signature={signature}&Key-Pair-Id=S&Hash-Algorithm=HMAC-SHA256"
    assert verify(signed) == Grant(ENDS, "S")


def test_cookies_open_what_their_policy_says():
    policy = custom_policy("https://d.example.net/a/*", ENDS, ip_address="192.0.2.0/24")
    cookies = Signer("E", private_pem(EC), "SHA256").cookies(policy=policy)
    names = ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id", "CloudFront-Hash-Algorithm"]
    assert list(cookies) == names
    assert verify(URL, cookies=cookies) == Grant(ENDS, "E")
    assert reason("https://d.example.net/b", cookies=cookies) == "wrong-resource"
    assert reason(URL, cookies=cookies, client="192.0.3.1") == "wrong-address"
    assert reason(URL, cookies=cookies, now=ENDS) == "expired"
    assert reason(URL) == "missing-key"


def test_a_presigned_url_of_botocore_is_verified():
    request = AWSRequest("GET", "https://d.example.net/a%20b/c.txt?x=1&y=%2F&response-content-type=text%2Fplain")
    S3SigV4QueryAuth(Credentials("S", SECRET.decode()), "s3", "eu-west-1", expires=600).add_auth(request)
    now = int(datetime.now(UTC).timestamp())
    assert VERIFIER.verify(request.url, now=now).key_id == "S"
    assert reason(request.url.replace("x=1", "x=2"), now=now) == "wrong-signature"
    assert reason(request.url, now=now, method="HEAD") == "wrong-signature"
    assert reason(request.url, now=now + 601) == "expired"


@given(st.integers(0, 2**31), st.data())
def test_no_other_octets_are_signed(position, data):
    signed = Signer.with_secret("S", SECRET).url(URL, ENDS)
    at = position % len(signed)
    other = data.draw(st.sampled_from("abcXYZ019&=/_-~"))
    changed = signed[:at] + other + signed[at + 1 :]
    if changed == signed:
        return
    with pytest.raises((DeniedError, ValueError)):
        verify(changed)


def test_what_cannot_be_used_is_refused():
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505
    for key in (public_pem(small), public_pem(ec.generate_private_key(ec.SECP384R1())), "x", SECRET[1:]):
        with pytest.raises(ValueError, match='the key "k"'):
            Verifier({"k": key})
    with pytest.raises(ValueError, match="neither an RSA key"):
        Signer("k", private_pem(small))
    with pytest.raises(ValueError, match="31 octets"):
        Signer.with_secret("k", SECRET[1:])
    signer = Signer("K", private_pem(RSA))
    with pytest.raises(ValueError, match="begins with http"):
        signer.url("/a", ENDS)
    with pytest.raises(ValueError, match="has a name that signatures have"):
        signer.url(f"{URL}&Expires=1", ENDS)
    with pytest.raises(ValueError, match="either expires or policy"):
        signer.url(URL)
    with pytest.raises(ValueError, match="one statement"):
        signer.url(URL, policy="{}")
    with pytest.raises(ValueError, match="time zone"):
        signer.url(URL, datetime(2027, 1, 1))
    with pytest.raises(ValueError, match="CIDR"):
        custom_policy(URL, ENDS, ip_address="everyone")

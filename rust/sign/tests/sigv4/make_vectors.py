"""Writes `vectors.json` for `tests/botocore.rs`: what botocore signs. Needs botocore installed; takes no arguments."""

import datetime
import json
import random
import sys
from pathlib import Path
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

COUNT = 60
ALPHABET = "abcXYZ019 -._~/+%&=?#;:@!$'()*,[]{}|\\^`\"<>äß€😀"


def text(chance: random.Random, most: int) -> str:
    return "".join(chance.choice(ALPHABET) for _ in range(chance.randint(1, most)))


def vector(chance: random.Random) -> dict[str, object]:
    seconds = chance.randrange(3_000_000_000)
    time = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=seconds)
    token = chance.choice([None, "a/token+of=mine"])
    region = chance.choice(["us-east-1", "eu-central-2"])
    key, method = "/media/" + text(chance, 30).lstrip("/"), chance.choice(["GET", "HEAD", "PUT"])
    names = {text(chance, 6) for _ in range(chance.randint(0, 3))}
    query = "&".join(f"{quote(name, safe='')}={quote(text(chance, 8), safe='')}" for name in names)
    path = quote(key, safe="/")
    host = chance.choice(["s3.example.net", "127.0.0.1:9000"])
    request = AWSRequest(method, f"http://{host}{path}?{query}" if query else f"http://{host}{path}")
    request.headers = HTTPHeaders()
    request.headers["Host"] = host
    if chance.random() < 0.5:
        request.headers["x-amz-meta-a"] = "  some   text "
    botocore.auth.get_current_datetime = lambda: time
    botocore.auth.S3SigV4Auth(Credentials("AKIDEXAMPLE", "se/cr+et", token), "s3", region).add_auth(request)
    return {
        "time": int(time.timestamp()),
        "token": token,
        "region": region,
        "method": method,
        "path": path,
        "query": query,
        "headers": [[name, value] for name, value in request.headers.items() if name != "Authorization"],
        "authorization": request.headers["Authorization"],
    }


if __name__ == "__main__":
    chance = random.Random(20260101)  # noqa: S311 - vectors, not secrets
    vectors = [vector(chance) for _ in range(COUNT)]
    lines = ",\n".join(json.dumps(vector) for vector in vectors)
    Path(__file__).with_name("vectors.json").write_text(f"[\n{lines}\n]\n")
    sys.stdout.write(f"{len(vectors)} vectors\n")

"""What a signed URL costs that was never seen before, beside what `openssl speed` gives for verifying a signature."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

URL = "http://www.example.net/private/object.bin"
EXPIRES = 4_000_000_000
URLS = 1000


@dataclass(frozen=True)
class Algorithm:
    """key: options of `openssl genpkey`. speed: its name in `openssl speed`, and what its line begins with."""

    name: str
    key: tuple[str, ...]
    speed: str
    line: str


ALGORITHMS = (
    Algorithm("RSA-2048", ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "rsa2048", "+F2"),
    Algorithm("ECDSA P-256", ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"), "ecdsap256", "+F4"),
)


@dataclass(frozen=True)
class Sample:
    """Microseconds of CPU in one round: a URL through `edgeplane.core.sign.Verifier`, and the bare signature."""

    server: str
    round: int
    url_us: float
    openssl_us: float

    def document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Signed:
    """URLs with a signature each, and the key that verifies them."""

    algorithm: Algorithm
    public: str
    urls: list[str]

    @classmethod
    def make(cls, algorithm: Algorithm, folder: Path) -> Signed:
        """With a key of its own."""
        from edgeplane.core.sign import Signer

        folder.mkdir(parents=True, exist_ok=True)
        private = folder / f"{algorithm.speed}.pem"
        _openssl("genpkey", *algorithm.key, "-out", str(private))
        public = _openssl("pkey", "-in", str(private), "-pubout")
        signer = Signer("KBENCH", private.read_text(), "SHA256")
        return cls(algorithm, public, [signer.url(f"{URL}?n={number}", EXPIRES + number) for number in range(URLS)])

    def round(self, number: int) -> Sample:
        """Both in turn. A verifier that is new remembers nothing."""
        from edgeplane.core.sign import Verifier

        verifier = Verifier({"KBENCH": self.public})
        begun = time.process_time_ns()
        for url in self.urls:
            verifier.verify(url)
        spent = time.process_time_ns() - begun
        return Sample(self.algorithm.name, number, spent / 1000 / URLS, self._openssl_us())

    def _openssl_us(self) -> float:
        out = _openssl("speed", "-mr", "-seconds", "1", self.algorithm.speed)
        found = re.search(rf"^{re.escape(self.algorithm.line)}:.*:([0-9.]+)$", out, re.MULTILINE)
        if not found:
            raise ValueError(f"openssl speed did not print a line {self.algorithm.line}")
        return 1e6 / float(found[1])


def _openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=True).stdout

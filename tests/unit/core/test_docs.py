"""Every example of docs/embedding.md runs and prints what the page says."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "embedding.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
EXAMPLES = EXAMPLE.findall(PAGE.read_text())


def test_the_page_has_an_example_of_each():
    text = "".join(code for code, _ in EXAMPLES)
    for name in (
        "encode",
        "decode",
        "Zone",
        "Responder",
        "Weighted",
        "Geolocation",
        "PrefixTable",
        "Signer",
        "custom_policy",
        "Cache",
    ):
        assert name in text, name


@pytest.mark.parametrize(("code", "printed"), EXAMPLES)
def test_example(code: str, printed: str):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 - the page is ours
    assert output.getvalue() == printed

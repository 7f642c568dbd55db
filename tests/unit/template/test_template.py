"""Templates: CloudFormation's words are read, everything else is refused with its path and line, at a bounded cost."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from edgeplane.errors import ContentError
from edgeplane.template import Resource, ResourceType, limits, read_templates
from edgeplane.template.from_json import read_json
from edgeplane.template.from_yaml import SyntaxFault, read_yaml
from edgeplane.template.noun import Metadata
from edgeplane.template.scope import ring
from edgeplane.template.tree import line_at, plain


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    Name: str = ""
    Size: int = 0
    Tags: tuple[str, ...] = ()


class Notes(Metadata):
    Sizes: dict[str, int] = Field(default_factory=dict)
    Near: str = ""


TYPES = [
    ResourceType("X::Thing", Thing, lambda name: f"id-{name}", {"Id": str, "Parts": lambda _: ["a", "b"]}),
    ResourceType("X::Noted", Thing, lambda name: f"id-{name}", metadata=Notes),
    ResourceType("X::Named", Thing, str, ref="Name"),
]


def read(folder: Path, text: str, file: str = "site.yaml") -> dict[str, Resource[Any]]:
    (folder / file).write_text(text)
    return {each.logical_name: each for each in read_templates([folder / file], folder, TYPES)}


def faults(folder: Path, text: str, file: str = "site.yaml") -> list[str]:
    with pytest.raises(ContentError) as refused:
        read(folder, text, file)
    return [str(fault) for fault in refused.value.faults]


def properties(folder: Path, text: str) -> Thing:
    head = "Parameters: {P: {Type: String, Default: pea}, L: {Type: CommaDelimitedList, Default: 'x, y'}}\n"
    return read(folder, f"{head}Resources:\n  B: {{Type: X::Thing}}\n  A: {{Type: X::Thing, Properties: {text}}}")[
        "A"
    ].properties


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("!Ref P", "pea"),
        ("{Ref: P}", "pea"),
        ("!Ref B", "id-B"),
        ("!GetAtt B.Id", "id-B"),
        ("!GetAtt [B, Id]", "id-B"),
        ("{'Fn::GetAtt': B.Id}", "id-B"),
        ("!Sub '${P}.${B}.${B.Id}.${!P}'", "pea.id-B.id-B.${P}"),
        ("!Sub ['${P}-${Q}', {Q: !Ref B}]", "pea-id-B"),
        ("!Join ['.', [a, !Ref P, 3]]", "a.pea.3"),
        ("!Join [',', !GetAtt B.Parts]", "a,b"),
        ("NO", "NO"),
        ("010", "010"),
        ("1.10", "1.10"),
        ("2010-09-09", "2010-09-09"),
    ],
)
def test_functions_and_plain_values(tmp_path: Path, text: str, name: str) -> None:
    assert properties(tmp_path, f"{{Name: {text}}}").Name == name


def test_lists_come_from_parameters_and_attributes(tmp_path: Path) -> None:
    assert properties(tmp_path, "{Tags: !Ref L}").Tags == ("x", "y")
    assert properties(tmp_path, "{Tags: !GetAtt B.Parts}").Tags == ("a", "b")


def test_an_id_of_ones_own_reaches_those_who_refer_to_it(tmp_path: Path) -> None:
    text = "Resources:\n A: {Type: X::Thing, Properties: {Name: !Ref B}}\n"
    text += " B: {Type: X::Thing, Metadata: {edgeplane: {Id: mine}}}"
    found = read(tmp_path, text)
    assert (found["A"].properties.Name, found["B"].id) == ("mine", "mine")


def noted(metadata: str) -> str:
    return f"Resources:\n A: {{Type: X::Thing}}\n N:\n  Type: X::Noted\n  Metadata:\n   edgeplane: {metadata}\n"


def test_metadata_is_checked_by_its_types_model_and_may_refer_to_others(tmp_path: Path) -> None:
    found = read(tmp_path, noted("{Id: mine, Sizes: {a: '1', b: 2}, Near: !Ref A}"))
    assert found["N"].metadata == Notes(Id="mine", Sizes={"a": 1, "b": 2}, Near="id-A")
    assert found["A"].metadata == Metadata()
    fault = found["N"].metadata_fault(("Sizes", "b"), "is wrong")
    assert str(fault) == "site.yaml:6: Resources.N.Metadata.edgeplane.Sizes.b: is wrong"


@pytest.mark.parametrize(
    ("metadata", "fault"),
    [
        ("{Sizes: {a: x}}", "Sizes.a: must be a whole number"),
        ("{Sizes: x}", "Sizes: must be a map"),
        ("{Near: !Ref Nothing}", "Near: Nothing is no parameter or resource; known here: A, N"),
        ("{Nearer: x}", "Nearer: is not known; did you mean Near?"),
        ("{Id: !Ref A}", "Id: must be 1 to 64 letters, digits and dashes"),
        ("{}", "Id: must be 1 to 64 letters, digits and dashes"),
    ],
)
def test_wrong_metadata_is_refused_at_its_line(tmp_path: Path, metadata: str, fault: str) -> None:
    assert faults(tmp_path, noted(metadata)) == [f"site.yaml:6: Resources.N.Metadata.edgeplane.{fault}"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{Nam: x}", "A.Properties.Nam: is not known; did you mean Name?"),
        ("{Size: x}", "A.Properties.Size: must be a whole number"),
        ("{Name: }", "A.Properties.Name: is empty; give a value or leave the key out"),
        ("{Tags: [a, [b]]}", "A.Properties.Tags[1]: must be text"),
        ("{Name: !Ref Q}", "A.Properties.Name: Q is no parameter or resource; known here: A, B, L, P"),
        ("{Name: !Ref 'AWS::Region'}", "AWS::Region means nothing on a host"),
        ("{Name: !GetAtt B.Idd}", "B has no attribute Idd; did you mean Id?"),
        ("{Name: !GetAtt B}", "Fn::GetAtt takes [resource, attribute]"),
        ("{Name: !Sub '${L}'}", "${L} is a list"),
        ("{Name: !Join [x]}", "Fn::Join takes"),
        ("{Name: {'Fn::If': [a, b, c]}}", "Fn::If is not supported; supported are Ref"),
        ("{Name: {Ref: P, Other: x}}", "Ref stands beside other keys"),
        ("{Name: !Select [0, [a]]}", "uses !Select; supported are !Ref"),
        ("{Name: !!python/object/apply:os.system [x]}", "uses !!python/object/apply:os.system"),
        ("{Name: x, Name: y}", "has 'Name' twice"),
        ("{Name: *nowhere}", "*nowhere stands before or within"),
        ("[a]", "must be a"),
        ("{Name: !Ref A}", "depends on itself: A → A"),
    ],
)
def test_a_wrong_property_is_refused_at_its_line(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ContentError) as refused:
        properties(tmp_path, text)
    (found,) = refused.value.faults
    assert fault in str(found)
    assert found.line in (3, 4)
    assert found.place.startswith("site.yaml")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "site.yaml:1: is empty"),
        ("x", "must be a map with Resources"),
        ("Description: x", "Resources: is required"),
        ("Resource: {}", "site.yaml:1: Resource: is not known; did you mean Resources?"),
        ("Resources: {}\nTransform: x", "site.yaml:2: Transform: is not supported"),
        ("Resources: {}\nAWSTemplateFormatVersion: 2011-01-01", "must be 2010-09-09"),
        ("Resources: {A: {Type: 'AWS::S3::X'}}", "A.Type: AWS::S3::X is not supported; supported are X::Thing"),
        ("Resources: {A: {Properties: {}}}", "Resources.A.Type: is required"),
        ("Resources: {A: {Type: 'X::Thing', Condition: c}}", "Resources.A.Condition: is not supported"),
        ("Resources: {a-b: {Type: 'X::Thing'}}", "letters and digits only"),
        ("Resources: {A: {Type: 'X::Thing', Metadata: {edgeplane: {Id: 'a b'}}}}", "1 to 64 letters"),
        ("Resources: {A: {Type: 'X::Thing', Metadata: {edgeplane: {Idd: a}}}}", "did you mean Id?"),
        ("Resources: {A: {Type: 'X::Thing', DependsOn: [[A]]}}", "A.DependsOn: must name resources of this file"),
        ("Resources: {A: {Type: 'X::Thing', DependsOn: B}}", "A.DependsOn: must name resources of this file"),
        ("Parameters: {P: {Type: [x], Default: a}}\nResources: {}", "Parameters.P: Type must be text"),
        ("Parameters: {P: {Type: String}}\nResources: {}", "Parameters.P: needs a Default"),
        ("Parameters: {P: {Default: a, AllowedValues: [b]}}\nResources: {}", "not among AllowedValues"),
        ("Resources: {}\n---\nResources: {}", "site.yaml:2: holds a second document"),
        ("Resources: [\n", "is not YAML"),
        ("Resources: {A: {Type: 'X::Thing', DependsOn: B}, B: {Type: 'X::Thing', DependsOn: [A]}}", "A → B → A"),
    ],
)  # fmt: skip
def test_a_wrong_template_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    assert any(fault in each for each in faults(tmp_path, text)), faults(tmp_path, text)


def test_every_fault_comes_in_one_pass_with_its_line(tmp_path: Path) -> None:
    text = "Resources:\n  A:\n    Type: X::Thing\n    Properties:\n      Nam: x\n      Size: y\n  B:\n    Type: Y\n"
    lines = [each.partition(": ")[0] for each in faults(tmp_path, text)]
    assert lines == ["site.yaml:5", "site.yaml:6", "site.yaml:8"]


def test_a_name_that_leads_nowhere_is_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("edgeplane.template.scope.nearest", lambda name, _: asked.append(name) or "; did you mean X?")
    said = faults(tmp_path, named(["!Ref Qqqq"] * 50))
    assert asked == ["Qqqq"]
    assert all(each.endswith("Qqqq is no parameter or resource; did you mean X?") for each in said)
    said = faults(tmp_path, named([f"!Ref Q{n}" for n in range(50)]))
    assert asked == ["Qqqq", *(f"Q{n}" for n in range(limits.SUGGESTIONS))]
    assert said[-1].endswith("Q49 is no parameter or resource")


def test_two_files_may_not_give_one_id(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("Resources: {A: {Type: 'X::Thing'}}")
    with pytest.raises(ContentError, match=r"b.yaml:1: Resources.A: has the id id-A of a.yaml: Resources.A"):
        read_templates([tmp_path / "a.yaml", tmp_path / "b.yaml"], tmp_path, TYPES)


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)
DEEP_BY_ALIAS = "a0: &a0 {x: {x: {x: {x: x}}}}\n" + "".join(f"a{n}: &a{n} {{x: *a{n - 1}}}\n" for n in range(1, 90))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (LAUGHS, "uses more than"),
        (DEEP_BY_ALIAS, f"is nested deeper than {limits.DEPTH}"),
        ("a: &a [x]\nb: [" + "*a," * 101 + "]", "uses more than 100 aliases"),
        ("a: &a [*a]", "stands before or within"),
        ("[" * 65 + "]" * 65, "is nested deeper than 64"),
        ("[" * 100_000, "is nested deeper than 64"),
        ('{"a":' * 100_000, "is nested deeper than 64"),
        ('{"a":' * 65 + "1" + "}" * 65, "is nested deeper than 64"),
        ('{"' + '\\"' * 100_000, "site.yaml:1: is not JSON: Unterminated string"),
        ("? [a]\n: b", "has a key that is not text"),
        ("a: \x07", "is not YAML"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"a": 1, "a": 2}', "has 'a' twice"),
        ('{"a": 1,}', "is not JSON"),
    ],
    ids=lambda text: text[:24],
)
def test_hostile_text_is_refused_cheaply(tmp_path: Path, text: str, fault: str) -> None:
    (found,) = faults(tmp_path, text)
    assert fault in found


def named(names: list[str], head: str = "") -> str:
    """N0, N1, … with these names; a `Ref` to one gives its name."""
    rows = [f" N{n}: {{Type: 'X::Named', Properties: {{Name: {name}}}}}" for n, name in enumerate(names)]
    return "\n".join([head, "Resources:", *rows])


def test_a_chain_of_names_is_as_long_as_it_likes_in_any_order(tmp_path: Path) -> None:
    last = 3_000
    found = read(tmp_path, named([f"!Ref N{n + 1}" for n in range(last)] + ["end"]))
    assert {each.properties.Name for each in found.values()} == {"end"}


def test_a_name_is_resolved_once_however_often_others_refer_to_it(tmp_path: Path) -> None:
    doubled = [f"!Join ['', [!Ref N{n}, !Ref N{n}]]" for n in range(100)]
    assert read(tmp_path, named(["''", *doubled]))["N100"].properties.Name == ""


def test_a_text_of_functions_is_bounded(tmp_path: Path) -> None:
    laughs = [f"!Sub '{f'${{N{n}}}' * 10}'" for n in range(11)]
    said = faults(tmp_path, named(["tenletters", *laughs]))
    assert said[0] == f"site.yaml:8: Resources.N5.Properties.Name: Fn::Sub gives more than {limits.TEXT} characters"
    assert said[1] == "site.yaml:9: Resources.N6.Properties.Name: N5 has a Name that is at fault itself"
    assert len(said) == 7


@pytest.mark.parametrize("text", ["!Sub '${P}${P}'", "!Join [x, ['', '', !Ref P]]", "!Join ['', [!Ref P, '12345']]"])
def test_a_text_of_functions_ends_at_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    head = "Parameters: {P: {Default: abcde}}"
    longest = len(read(tmp_path, named([text], head))["N0"].properties.Name)
    monkeypatch.setattr(limits, "TEXT", longest)
    assert read(tmp_path, named([text], head))
    monkeypatch.setattr(limits, "TEXT", longest - 1)
    assert f"gives more than {longest - 1} characters" in faults(tmp_path, named([text], head))[0]


def test_the_longest_rdata_fits_into_a_text_of_functions() -> None:
    strings, octets = 256, 65_535
    assert 4 * (octets - strings) + 3 * strings <= limits.TEXT


@pytest.mark.parametrize("text", ["!Ref P", "!Sub '${P}'", "!Join ['', [!Ref P]]"])
def test_all_functions_of_a_file_share_one_allowance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(limits, "GIVEN", 10_000)
    head = f"Parameters: {{P: {{Default: {'x' * 100}}}}}"
    assert read(tmp_path, named([text] * 5, head))
    said = faults(tmp_path, named([text] * 100, head))
    assert all("give more than 10000 characters; split it" in each for each in said)


def test_a_parameter_has_a_longest_value(tmp_path: Path) -> None:
    head = "Parameters: {P: {Default: %s}}"
    assert read(tmp_path, named(["!Ref P"], head % ("x" * limits.PARAMETER)))
    said = faults(tmp_path, named(["x"], head % ("x" * (limits.PARAMETER + 1))))
    assert said == ["site.yaml:1: Parameters.P: Default has more than 4096 characters"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("!Sub '${N0}'", "N0 → N0"),
        ("!Sub ['${a}', {a: !Ref N0}]", "N0 → N0"),
        ("!Join ['', [!Join [',', !Ref L], !GetAtt [N0, Id]]]", "N0 → N0"),
        ("!Sub {Ref: P}", "Fn::Sub takes a text"),
        ("!Sub [{Ref: P}, {}]", "Fn::Sub takes a text"),
    ],
)
def test_a_name_that_leads_to_itself_is_seen_before_it_is_followed(tmp_path: Path, name: str, fault: str) -> None:
    head = "Parameters: {L: {Type: CommaDelimitedList, Default: 'x, y'}, P: {Default: '${N0}'}}"
    assert fault in faults(tmp_path, named([name], head))[0]


def test_what_sub_is_given_is_no_reference(tmp_path: Path) -> None:
    assert read(tmp_path, named(["!Sub ['${N0}${!N0}', {N0: a}]"]))["N0"].properties.Name == "a${N0}"


def test_a_file_that_is_too_long_or_not_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").write_bytes(b"\xff\xfe\0")
    with pytest.raises(ContentError, match="is not UTF-8 text, from octet 0"):
        read_templates([tmp_path / "b"], tmp_path, TYPES)
    monkeypatch.setattr(limits, "FILE_OCTETS", 10)
    assert "longer than 10 octets" in faults(tmp_path, "Resources: {}")[0]


def test_json_keeps_its_lines() -> None:
    tree = read_json('{"a": [1,\n "x\\n", {"b":\n true}],\n\t"c": "\\u00e9"}')
    assert plain(tree) == {"a": ["1", "x\n", {"b": "true"}], "c": "é"}
    assert [line_at(tree, path) for path in [("a", 0), ("a", 1), ("a", 2, "b"), ("c",)]] == [1, 2, 2, 4]


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\u2028\u2029\x85")
)
DOCUMENTS = st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@given(st.dictionaries(TEXTS, DOCUMENTS))
def test_json_and_yaml_read_the_same_tree(document: dict[str, Any]) -> None:
    assert plain(read_json(json.dumps(document, indent=1))) == document
    assert plain(read_yaml(yaml.safe_dump(document, default_style='"', allow_unicode=True))) == document


@given(st.text(max_size=300) | st.text("[]{}:,&*!-?|>'\"\n ab", max_size=200))
def test_any_text_is_a_tree_or_a_fault(text: str) -> None:
    for reader in (read_yaml, read_json):
        with suppress(SyntaxFault):
            plain(reader(text))


@given(st.dictionaries(st.integers(0, 9), st.lists(st.integers(0, 9))))
def test_a_ring_is_found_if_and_only_if_there_is_no_order(depends: dict[int, list[int]]) -> None:
    graph = {str(name): [str(each) for each in on] for name, on in depends.items()}
    found, left = ring(graph), {name: {each for each in on if each in graph} for name, on in graph.items()}
    while ready := [name for name, on in left.items() if not on & left.keys()]:
        for name in ready:
            del left[name]
    assert (found is None) == (not left)
    if found:
        assert found[0] == found[-1]
        assert all(after in graph[before] for before, after in pairwise(found))


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    assert ring({str(n): [str(n + 1)] for n in range(50_000)}) is None

"""Zones written by hand, each for one corner of the standards, and the names and types that are asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from .ask import Question

HEAD = "@ 300 SOA ns1 admin 1 7200 900 1209600 60\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n"
FAR = "@ 300 SOA ns.elsewhere. admin 1 7200 900 1209600 60\n@ 300 NS ns.elsewhere.\n"
"""For an apex below which nothing may stand."""
LONG = "l" * 60


@dataclass(frozen=True)
class Corner:
    """Records behind `head` for each zone, and what is asked."""

    zones: dict[str, str]
    names: str
    types: str = "A TXT CNAME"
    head: str = HEAD

    @property
    def texts(self) -> dict[str, str]:
        """Zone files by name."""
        return {name: f"$ORIGIN {name}\n$TTL 300\n{self.head}{text}" for name, text in self.zones.items()}

    @property
    def questions(self) -> list[Question]:
        """Every name with every type, relative to the first zone."""
        apex = next(iter(self.zones))
        absolute = [
            apex if name == "@" else name if name.endswith(".") else f"{name}.{apex}" for name in self.names.split()
        ]
        return [Question(name, rdtype) for name, rdtype in product(absolute, self.types.split())]


CORNERS = {
    "exact": Corner(
        {"exact.corner.": "www A 192.0.2.1\nwww A 192.0.2.2\n"}, "@ www WwW nothing x.www", "A AAAA NS SOA"
    ),
    "negative ttl": Corner({"ttl.corner.": "@ 7 TXT low\n"}, "nothing @", "A TXT"),
    "empty non-terminals": Corner(
        {"ent.corner.": "a.b.c A 192.0.2.1\n"}, "c b.c a.b.c x.c x.b.c x.a.b.c", "A TXT NS DS SOA"
    ),
    "wildcard": Corner(
        {"wild.corner.": "*.w TXT w\n*.w MX 5 ns1\nhere.w A 192.0.2.1\n_x.under.w A 192.0.2.2\n"},
        "w x.w x.y.w *.w x.*.w *.*.w here.w x.here.w under.w y.under.w _x.under.w *.under.w",
        "A TXT MX NS SOA DS",
    ),
    "wildcard above an empty non-terminal": Corner(
        {"wildent.corner.": "* A 192.0.2.9\na.b.c A 192.0.2.1\n"}, "z c b.c y.c y.b.c y.a.b.c * *.c @"
    ),
    "asterisks inside names": Corner(
        {"stars.corner.": "a.*.s A 192.0.2.1\n*.*.t A 192.0.2.2\nb.* A 192.0.2.3\n"},
        "s *.s x.s a.*.s b.*.s a.x.s t *.t x.t *.*.t x.*.t x.y.t * x b.* b.x",
    ),
    "wildcard CNAME": Corner(
        {
            "wildcname.corner.": "*.w CNAME t\nt A 192.0.2.1\n*.self CNAME x.self\n*.star CNAME *.w\n"
            "*.gone CNAME gone2\n"
        },
        "x.w x.y.w *.w x.self y.self *.self x.star *.star x.gone *.gone gone",
    ),
    "wildcard below a delegation": Corner(
        {
            "wildcut.corner.": "sub NS ns.sub\nns.sub A 192.0.2.1\n*.sub A 192.0.2.2\n*.sub TXT hidden\n"
            "*.x.sub A 192.0.2.3\n"
        },
        "sub x.sub *.sub y.x.sub",
        "A TXT NS DS",
    ),
    "delegations": Corner(
        {
            "cut.corner.": (
                "glue NS ns.glue\nns.glue A 192.0.2.1\nns.glue AAAA 2001:db8::1\nbare NS ns.bare\n"
                "far NS ns.elsewhere.\n"
                "sib NS ns.glue\nsib NS ns.sib\nns.sib A 192.0.2.4\nsame NS ns1\nsame NS same\nsame A 192.0.2.5\n"
                "deep.er NS ns.deep.er\nns.deep.er A 192.0.2.6\nnest.glue NS ns.nest.glue\nns.nest.glue A 192.0.2.7\n"
                "data.glue A 192.0.2.8\nglue TXT hidden\nto CNAME x.glue\nto2 CNAME glue\n"
            )
        },
        "glue x.glue ns.glue data.glue bare far sib x.sib same er deep.er x.deep.er nest.glue x.nest.glue to to2",
        "A NS DS TXT SOA CNAME MX",
    ),
    "DS at a cut": Corner(
        {"ds.corner.": f"s NS ns.s\ns DS 1 8 2 {'ab' * 32}\nns.s A 192.0.2.1\nu NS ns.u\nns.u A 192.0.2.2\n"},
        "s x.s u x.u @ ns1",
        "DS NS A",
    ),
    "parent and child": Corner(
        {
            "two.corner.": f"k NS ns1.k\nk DS 1 8 2 {'ab' * 32}\nns1.k A 192.0.2.53\n"
            "into CNAME www.k\nmail MX 1 www.k\n",
            "k.two.corner.": "www A 192.0.2.1\n*.w TXT w\nout CNAME into.two.corner.\ng NS ns.g\nns.g A 192.0.2.2\n",
        },
        "@ k www.k x.k x.w.k g.k x.g.k ns1.k mail",
        "A NS DS SOA TXT",
    ),
    "a child that its parent does not know": Corner(
        {"unknown.corner.": "www A 192.0.2.1\n", "k.unknown.corner.": "www A 192.0.2.1\n"}, "k www.k x.k", "A NS SOA DS"
    ),
    "grandparent and child": Corner(
        {
            "grand.corner.": "b NS ns.b\nns.b A 192.0.2.1\n",
            "c.b.grand.corner.": "www A 192.0.2.1\n",
        },
        "b x.b c.b www.c.b y.c.b",
        "A NS DS SOA",
    ),
    "chains": Corner(
        {
            "chain.corner.": (
                "a CNAME b\nb CNAME c\nc A 192.0.2.1\ndangling CNAME nothing\nout CNAME www.elsewhere.\n"
                "up CNAME @\nl1 CNAME l2\nl2 CNAME l3\nl3 CNAME l1\n"
                "self CNAME self\nto-l CNAME l1\nent CNAME x\ny.x A 192.0.2.2\n"
            )
        },
        "a b c dangling out up l1 l2 self to-l ent",
        "A TXT CNAME NS SOA",
    ),
    "long chain": Corner(
        {"long.corner.": "".join(f"c{n} CNAME c{n + 1}\n" for n in range(10)) + "c10 A 192.0.2.1\n"},
        "c0 c5",
        "A TXT CNAME",
    ),
    "DNAME": Corner(
        {
            "dname.corner.": (
                "d DNAME t\nd TXT own\nx.t A 192.0.2.1\n*.w.t A 192.0.2.2\ncn.t CNAME x.d\nout DNAME elsewhere.\n"
                "gone DNAME nowhere\nto CNAME x.d\none DNAME two\ntwo DNAME t\ncut DNAME sub\nsub NS ns.sub\n"
                "ns.sub A 192.0.2.3\nq DNAME @\n"
            )
        },
        "d x.d X.D y.d z.w.d cn.d x.out x.gone to x.one x.cut x.q a.q *.d",
        "A TXT CNAME DNAME DS NS",
    ),
    "DNAME at the apex": Corner(
        {"top.corner.": "@ DNAME down.corner.\n@ TXT own\n", "down.corner.": "www A 192.0.2.1\n* TXT any\n"},
        "@ www x x.www *",
        "A NS SOA TXT DNAME CNAME DS",
        FAR,
    ),
    "DNAME too long": Corner(
        {"toolong.corner.": f"d DNAME {LONG}.{LONG}.{LONG}.{LONG[:40]}\n"},
        f"x.d {'y' * 20}.d {'y' * 63}.d {LONG}.{LONG}.d",
        "A CNAME",
    ),
    "additional": Corner(
        {
            "more.corner.": (
                "@ MX 1 m1\n@ MX 2 m2\n@ MX 3 m.elsewhere.\nm1 A 192.0.2.1\nm1 AAAA 2001:db8::1\nm2 CNAME m1\n"
                '_s._tcp SRV 0 0 53 m1\n_n NAPTR 1 1 "a" "" "" m1\nsub NS ns.sub\nns.sub A 192.0.2.2\nmx MX 1 ns.sub\n'
                "h HTTPS 1 m1\nsv SVCB 1 m1\nptr PTR m1\n"
            )
        },
        "@ _s._tcp _n mx h sv ptr",
        "MX SRV NAPTR NS HTTPS SVCB PTR",
    ),
    "written forms": Corner(
        {
            "forms.corner.": (
                "m MX 1 mail.elsewhere.\nm MX 1 MAIL.elsewhere.\n"
                't TXT "a=" "b c"\nh HTTPS 1 . alpn="h2,h3" port="8443"\n'
            )
        },
        "t m h",
        "TXT MX HTTPS",
    ),
    "root-like depth": Corner(
        {"deep.corner.": f"{'.'.join('a' * 100)} A 192.0.2.1\n"},
        f"{'.'.join('a' * 100)} {'.'.join('a' * 99)} {'.'.join('a' * 101)} b.{'.'.join('a' * 50)}",
        "A TXT",
    ),
    "out of zone": Corner({"own.corner.": ""}, "corner. other.corner. . com. wn.corner. xown.corner.", "A SOA NS"),
    "odd labels": Corner(
        {"odd.corner.": "a\\.b A 192.0.2.1\n\\000\\255 A 192.0.2.2\n_u A 192.0.2.3\n\\@ A 192.0.2.4\n"},
        "a\\.b a.b b \\000\\255 _u \\@",
        "A TXT",
    ),
}

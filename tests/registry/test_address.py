import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.registry.address import parse_base_url


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("http://a", "http://a"),
        ("HTTP://A.Example./", "http://a.example"),
        ("http://a:80/x/", "http://a/x"),
        ("http://10.0.0.5./", "http://10.0.0.5"),
        ("https://a:443", "https://a"),
        ("https://a:80", "https://a:80"),
        ("http://[2001:DB8:0::1]:8000/x", "http://[2001:db8::1]:8000/x"),
        ("http://[::ffff:10.0.0.5]/", "http://10.0.0.5"),
        ("http://xn--bcher-kva.example/a/b.c~d_e-f", "http://xn--bcher-kva.example/a/b.c~d_e-f"),
    ],
)
def test_there_is_one_spelling(text: str, spelling: str) -> None:
    assert str(parse_base_url(text)) == spelling


def test_an_address_is_its_parts() -> None:
    address = parse_base_url("https://a.example/x")

    assert address.model_dump() == {
        "scheme": "https",
        "host": "a.example",
        "port": 443,
        "path": "/x",
    }
    assert address.origin == "https://a.example"


# What tests/e2e/test_bad_input.py sends through the door is not repeated here.
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("http://[::1%25eth0]/", "zone"),
        ("http://[2001:db8::1%{{x}}]/", "zone"),
        ("http://a..b/", "DNS name"),
        ("http://-a/", "DNS name"),
        ("http://127.1/", "DNS name"),
        ("http://0x7f000001/", "DNS name"),
        ("http://a\\b/", "DNS name"),
        ("http://a:+80/", "must be a URL"),
        ("http://[fd00:ec2::254]/", "metadata"),
        ("http://100.100.100.200/", "metadata"),
        ("http://METADATA/", "metadata"),
        ("http://255.255.255.255/", "one machine"),
        ("http://[ff02::1]/", "one machine"),
        ("http://[::]/", "listen on"),
        ("http://a/%61", "must be segments"),
        ("http://a/x;y", "must be segments"),
        ("http://" + "a" * 3000, "at most 2048"),
        ("http://a/\x7f", "ASCII"),
        ("//a/", "http://"),
        ("javascript:alert(1)", "http://"),
    ],
)
def test_what_is_refused_says_why(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_base_url(text)


@given(st.text(st.sampled_from("ab1.:/@[]%`{}#?\\-_~ \n"), max_size=20).map("http://".__add__))
def test_what_is_accepted_is_plain_and_stays_as_it_is(text: str) -> None:
    try:
        spelling = str(parse_base_url(text))
    except ValueError:
        return

    assert str(parse_base_url(spelling)) == spelling
    assert not set(spelling) & set("`{}%@?#\\ \n")

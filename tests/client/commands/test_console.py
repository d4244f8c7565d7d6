import io

from gatehouse.commands.console import CommandError, Console


def a_console() -> tuple[Console, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Console(out, err, wait=lambda _: None), out, err


def test_results_and_remarks_go_different_ways() -> None:
    console, out, err = a_console()

    console.say("result")
    console.remark("remark")

    assert (out.getvalue(), err.getvalue()) == ("result\n", "remark\n")


def test_what_could_steer_a_terminal_is_replaced() -> None:
    console, out, err = a_console()

    console.say("a\x1b[31m\r\x9b\u200bb Việt\n  c")
    console.complain(CommandError("no\x07", ["f\x1b: x"]))

    assert out.getvalue() == "a?[31m???b Việt\n  c\n"
    assert err.getvalue() == "gatehouse: no?\n  f?: x\n"


def test_json_is_ascii() -> None:
    console, out, _ = a_console()

    console.say_json({"a": "\x9bé"})

    assert out.getvalue() == '{\n  "a": "\\u009b\\u00e9"\n}\n'

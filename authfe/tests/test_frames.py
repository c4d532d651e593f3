"""What pipe and browser say, each in the other's words."""

import json
from typing import Any

import pytest

from authfe.sockets.frames import FRAME_BYTES, BrowserEnd, RefusedError
from scope.pipe.v1.messages_pb2 import (
    Ack,
    Data,
    Drain,
    End,
    EndReason,
    Frame,
    Joined,
    Resize,
    Rewind,
    Sent,
)

CLOSED = EndReason.END_REASON_CLOSED


def heard(end: BrowserEnd, /, **frame: Any) -> tuple[list[Any], list[Frame]]:
    """What comes of a frame of the pipe; texts as what they say."""
    said, answers = end.from_pipe(Frame(**frame))
    return [json.loads(one) if isinstance(one, str) else one for one in said], answers


def said(end: BrowserEnd, /, **word: Any) -> list[Frame]:
    """What comes of a text of the browser."""
    return list(end.from_browser(json.dumps({name.rstrip("_"): value for name, value in word.items()})))


def data(content: bytes, offset: int = 0) -> Data:
    return Data(offset=offset, content=content)


class TestToTheBrowser:
    def test_bytes_come_in_order_and_once(self) -> None:
        end = BrowserEnd(0)
        assert heard(end, data=data(b"abc")) == ([b"abc"], [])
        assert heard(end, data=data(b"abcde")) == ([b"de"], [])
        assert heard(end, data=data(b"bcd", 1)) == ([], [])
        assert heard(end, data=data(b"f", 5)) == ([b"f"], [])

    def test_what_is_missing_is_asked_for_once(self) -> None:
        end = BrowserEnd(0)
        assert heard(end, data=data(b"c", 2)) == ([], [Frame(rewind=Rewind(received=0))])
        assert heard(end, data=data(b"d", 3)) == ([], [])
        assert heard(end, data=data(b"ab", 0)) == ([b"ab"], [])
        assert heard(end, data=data(b"e", 4)) == ([], [Frame(rewind=Rewind(received=2))])

    def test_a_probe_that_is_there_is_asked_until_it_says_where_the_browser_shall_go_on(self) -> None:
        end = BrowserEnd(0)
        assert list(end.tick()) == []
        heard(end, joined=Joined())
        for _ in range(2):
            (asked,) = end.tick()
            assert asked.sent.sent > 2**52
        heard(end, rewind=Rewind(received=3))
        assert list(end.tick()) == []

    def test_it_goes_on_after_what_it_has(self) -> None:
        end = BrowserEnd(1000)
        asked = [Frame(rewind=Rewind(received=1000)), Frame(ack=Ack(received=1000))]
        assert heard(end, joined=Joined()) == ([], asked)
        assert heard(end, joined=Joined()) == ([], asked)
        assert heard(end, data=data(b"xyz", 998)) == ([b"z"], [])

    def test_what_was_sent_is_asked_for_or_acknowledged_again(self) -> None:
        end = BrowserEnd(0)
        heard(end, data=data(b"abc"))
        for _ in range(2):
            assert heard(end, sent=Sent(sent=4)) == ([], [Frame(rewind=Rewind(received=3))])
        assert heard(end, sent=Sent(sent=3)) == ([], [Frame(ack=Ack(received=0))])
        said(end, ack=2)
        assert heard(end, sent=Sent(sent=3)) == ([], [Frame(ack=Ack(received=2))])

    def test_what_the_probe_says_of_the_browsers_bytes_is_told(self) -> None:
        end = BrowserEnd(0)
        assert heard(end, rewind=Rewind(received=7)) == ([{"rewind": 7}], [])
        assert heard(end, ack=Ack(received=9)) == ([{"ack": 9}], [])

    @pytest.mark.parametrize("frame", [{"resize": Resize(width=1, height=1)}, {"drain": Drain()}, {}])
    def test_all_else_is_not_for_browsers(self, frame: dict[str, Any]) -> None:
        assert heard(BrowserEnd(0), **frame) == ([], [])


class TestTheEnd:
    def test_it_is_told_with_why_and_answered(self) -> None:
        end = BrowserEnd(0)
        list(end.from_browser(b"exit\n"))
        gone = End(reason=EndReason.END_REASON_EXITED, message="bye", exit_status=3)
        words = {"reason": "END_REASON_EXITED", "message": "bye", "exitStatus": 3}
        assert heard(end, end=gone) == ([{"end": words}], [Frame(end=End(reason=CLOSED, sent=5))])
        assert end.over
        assert heard(end, end=gone) == ([], [])

    def test_it_is_told_after_the_last_byte(self) -> None:
        end = BrowserEnd(0)
        assert heard(end, end=End(reason=CLOSED, sent=3)) == ([], [Frame(rewind=Rewind(received=0))])
        assert not end.over
        content, word = heard(end, data=data(b"abc"))[0]
        assert content == b"abc"
        assert word["end"]["reason"] == "END_REASON_CLOSED"
        assert end.over

    def test_one_that_goes_on_elsewhere_is_not_ended_by_this_one(self) -> None:
        end = BrowserEnd(0)
        [word], answers = heard(end, end=End(reason=EndReason.END_REASON_REPLACED))
        assert word["end"] == {"reason": "END_REASON_REPLACED", "message": "", "exitStatus": 0}
        assert answers == []

    def test_the_browsers_own_says_how_much_it_has_sent_until_it_is_answered(self) -> None:
        end = BrowserEnd(0)
        list(end.from_browser(b"abc"))
        closed = Frame(end=End(reason=CLOSED, sent=3))
        assert said(end, end={}) == [closed]
        assert closed in end.tick()
        assert heard(end, end=End(reason=CLOSED))[1] == []


class TestFromTheBrowser:
    @pytest.mark.parametrize("size", [0, 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES + 7])
    def test_bytes_are_numbered_and_cut(self, size: int) -> None:
        content = bytes(number % 251 for number in range(size))
        end = BrowserEnd(0)
        list(end.from_browser(b"before"))
        pieces = [frame.data for frame in end.from_browser(content)]
        assert b"".join(piece.content for piece in pieces) == content
        assert [piece.offset for piece in pieces] == [6 + number * FRAME_BYTES for number in range(len(pieces))]
        assert all(0 < len(piece.content) <= FRAME_BYTES for piece in pieces)

    def test_it_says_where_it_goes_on(self) -> None:
        end = BrowserEnd(0)
        assert said(end, from_=2**53 - 1) == []
        assert [frame.data.offset for frame in end.from_browser(b"x")] == [2**53 - 1]

    def test_what_it_has_consumed_and_how_large_it_is_are_passed_on(self) -> None:
        end = BrowserEnd(5)
        assert said(end, ack=5) == [Frame(ack=Ack(received=5))]
        assert said(end, resize={"height": 10_000, "width": 1}) == [Frame(resize=Resize(width=1, height=10_000))]

    def test_it_acknowledges_no_less_than_it_had(self) -> None:
        assert said(BrowserEnd(5), ack=3) == [Frame(ack=Ack(received=5))]

    def test_what_is_not_acknowledged_is_told_after_a_while(self) -> None:
        end = BrowserEnd(0)
        assert list(end.tick()) == []
        list(end.from_browser(b"abc"))
        assert list(end.tick()) == [Frame(sent=Sent(sent=3))]
        heard(end, ack=Ack(received=2))
        assert list(end.tick()) == []
        assert list(end.tick()) == [Frame(sent=Sent(sent=3))]
        heard(end, ack=Ack(received=3))
        assert [*end.tick(), *end.tick()] == []

    @pytest.mark.parametrize(
        ("text", "code", "words"),
        [
            *((text, 1007, "JSON") for text in ("", "{", "nonsense", "'{}'", "[" * 4000, '{"ack":1}x')),
            *((text, 1008, "object") for text in ("[]", "1", "null", '"end"', "{}", '{"ack":0,"from":0}', '{"x":1}')),
            *((f'{{"ack":{value}}}', 1008, "ack") for value in ("-1", "11", "1.0", "true", '"1"', "null", "[]", "NaN")),
            *((f'{{"from":{value}}}', 1008, "from") for value in ("-1", str(2**53), "1e3", "false", "{}")),
            *((f'{{"resize":{value}}}', 1008, "resize") for value in ("[]", "{}", '{"width":1}', "null")),
            *(
                (f'{{"resize":{{"width":{width},"height":24}}}}', 1008, "resize.width")
                for width in ("0", "10001", '"80"', "80.5", "true")
            ),
            ('{"resize":{"width":80,"height":24,"depth":1}}', 1008, "resize"),
            ('{"from":' + "1" * 4000 + "}", 1008, "from"),
            ('{"from":' + "1" * 4300 + "}", 1009, "4096"),
        ],
    )
    def test_what_it_may_not_say_is_refused_in_words(self, text: str, code: int, words: str) -> None:
        with pytest.raises(RefusedError, match=words) as refused:
            list(BrowserEnd(10).from_browser(text))
        assert refused.value.code == code
        assert len(str(refused.value).encode()) <= 123

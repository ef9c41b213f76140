"""Real payloads bent out of shape: by a generator of random numbers alone, so that the same seed
bends the same way."""

import copy
import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from bot.playground.slack.transport import encode
from tests.fuzz.recording import Sample

Payload = dict[str, Any]
Place = tuple[Any, Any]
"""A member of an object or list: (the object or list, its name or number)."""
Pool = Mapping[str, list[Any]]
"""What stood in other payloads, by the member's name."""
Bend = Callable[[random.Random, Payload, Pool], None]

PACKED = ("private_metadata",)
"""Members that are JSON in a string: bent inside as well."""
WHERE_FROM = frozenset(
    {
        "team",
        "team_id",
        "enterprise",
        "enterprise_id",
        "authorizations",
        "app_installed_team_id",
        "user_team",
        "is_enterprise_install",
        "response_url",
        "response_urls",
    }
)
"""Whose payload it is, which Slack says and nobody in the workspace can change: never taken from
another workspace's."""


def _nested(depth: int) -> Any:
    value: Any = "x"
    for at in range(depth):
        value = [value] if at % 2 else {"value": value}
    return value


TEXTS = (
    "",
    " ",
    "x" * 10_000,
    "\x00",
    "\ud800",
    "\u202e\u0000\U0001f525",
    "<!channel> <@U0NOBODY01> <https://example.com|x>",
    "&lt;&amp;",
    "../../etc/passwd",
    "'; DROP TABLE deliveries; --",
    "-1700000000.000001",
    "1e999",
    "١٢٣",
    "not a time",
    "-",
    "//",
    "E1/T1/ir000000000001",
    "form:",
    "form:rootly.nothing",
    "rootly.incident.title.more.and.more",
    "vendor_nobody",
    "{",
    "null",
)
OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    -1_700_000_000,
    10**40,
    1.5,
    float("inf"),
    float("nan"),
    [],
    {},
    [None],
    [[]],
    [{}],
    {"id": None},
    {"id": {}},
    {"value": []},
    {"type": "plain_text"},
    {"text": {"text": 7}},
    _nested(30),
    _nested(120),
)
NAMES = (
    "id",
    "type",
    "value",
    "values",
    "text",
    "selected_option",
    "selected_options",
    "files",
    "state",
    "view",
    "team",
)


def bend(rng: random.Random, payload: Payload, pool: Pool) -> Payload:
    """The payload with one to four things changed in it; its parts are used."""
    bent = _unpacked(payload)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        rng.choice(BENDS)(rng, bent, pool)
    packed: Payload = _packed(bent)
    return packed


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _parsed(it) if name in PACKED else _unpacked(it) for name, it in value.items()
        }
    return [_unpacked(it) for it in value] if isinstance(value, list) else value


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _packed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: json.dumps(it) if name in PACKED and isinstance(it, dict | list) else _packed(it)
            for name, it in value.items()
        }
    return [_packed(it) for it in value] if isinstance(value, list) else value


def places(value: Any) -> Iterator[Place]:
    """Every member, however deep."""
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, it in members:
        yield value, name
        yield from places(it)


def _somewhere(rng: random.Random, payload: Payload) -> Place | None:
    """Any member; half the time one that is not part of a modal's blocks, which are most of what
    there is."""
    outside = {name: it for name, it in payload.items() if name not in ("view", "message")}
    found = list(places(outside if rng.random() < 0.3 else payload))
    if not found:
        return None
    owner, name = rng.choice(found)
    return (payload if owner is outside else owner), name


def _leaf(rng: random.Random, payload: Payload) -> Place | None:
    found = [(owner, name) for owner, name in places(payload) if isinstance(owner[name], str)]
    return rng.choice(found) if found else None


def _drop(rng: random.Random, payload: Payload, pool: Pool) -> None:
    if at := _somewhere(rng, payload):
        del at[0][at[1]]


def _rename(rng: random.Random, payload: Payload, pool: Pool) -> None:
    if (at := _somewhere(rng, payload)) and isinstance(at[0], dict):
        at[0][rng.choice((*NAMES, f"{at[1]}s", str(at[1]).upper()))] = at[0].pop(at[1])


def _repeat(rng: random.Random, payload: Payload, pool: Pool) -> None:
    if at := _somewhere(rng, payload):
        owner, name = at
        if isinstance(owner, list):
            owner.extend([copy.deepcopy(owner[name])] * rng.choice((1, 3, 120)))
        else:
            owner[rng.choice(NAMES)] = copy.deepcopy(owner[name])


def _retype(rng: random.Random, payload: Payload, pool: Pool) -> None:
    if at := _somewhere(rng, payload):
        at[0][at[1]] = copy.deepcopy(rng.choice(OTHERS))


def _reword(rng: random.Random, payload: Payload, pool: Pool) -> None:
    if at := _leaf(rng, payload):
        at[0][at[1]] = rng.choice(TEXTS)


def _lengthen(rng: random.Random, payload: Payload, pool: Pool) -> None:
    if at := _leaf(rng, payload):
        at[0][at[1]] = (at[0][at[1]] + "é<&") * rng.choice((2, 100, 3000))


def _swap(rng: random.Random, payload: Payload, pool: Pool) -> None:
    """What stood under the same name elsewhere."""
    found = [
        (owner, name) for owner, name in places(payload) if name in pool and name not in WHERE_FROM
    ]
    if found:
        owner, name = rng.choice(found)
        owner[name] = _unpacked({name: copy.deepcopy(rng.choice(pool[name]))})[name]


def _swap_what_is_carried(rng: random.Random, payload: Payload, pool: Pool) -> None:
    """The metadata of another modal, the value of another button, another listener's name."""
    names = (
        "private_metadata",
        "value",
        "callback_id",
        "action_id",
        "block_id",
        "view_id",
        "ts",
        "values",
    )
    found = [(owner, name) for owner, name in places(payload) if name in names and name in pool]
    if found:
        owner, name = rng.choice(found)
        owner[name] = _unpacked({name: copy.deepcopy(rng.choice(pool[name]))})[name]


def _exchange(rng: random.Random, payload: Payload, pool: Pool) -> None:
    """Two members of one payload for one another."""
    if (one := _leaf(rng, payload)) and (other := _leaf(rng, payload)):
        one[0][one[1]], other[0][other[1]] = other[0][other[1]], one[0][one[1]]


def _choose_what_was_never_offered(rng: random.Random, payload: Payload, pool: Pool) -> None:
    found = [
        (owner, name)
        for owner, name in places(payload)
        if name in ("selected_option", "selected_options", "value")
    ]
    if found:
        owner, name = rng.choice(found)
        option = {
            "text": {"type": "plain_text", "text": "x"},
            "value": rng.choice(("never-offered", *TEXTS)),
        }
        owner[name] = {"selected_option": option, "selected_options": [option] * 101}.get(
            name, option["value"]
        )


def _many_blocks(rng: random.Random, payload: Payload, pool: Pool) -> None:
    for name in ("view", "message"):
        if isinstance(payload.get(name), dict) and isinstance(payload[name].get("blocks"), list):
            payload[name]["blocks"] *= rng.choice((0, 3, 30))


BENDS: tuple[Bend, ...] = (
    _drop,
    _drop,
    _rename,
    _repeat,
    _retype,
    _retype,
    _retype,
    _reword,
    _lengthen,
    _swap,
    _swap_what_is_carried,
    _swap_what_is_carried,
    _exchange,
    _choose_what_was_never_offered,
    _many_blocks,
)


def pool_of(samples: list[Sample]) -> Pool:
    """Everything that stands in these payloads, by the member's name."""
    pool: dict[str, dict[str, Any]] = {}
    for sample in samples:
        for owner, name in places(sample.payload):
            if isinstance(name, str) and name not in WHERE_FROM:
                pool.setdefault(name, {})[json.dumps(owner[name])] = owner[name]
    return {name: list(found.values()) for name, found in pool.items()}


def written(rng: random.Random, sample: Sample, payload: Payload) -> tuple[str, bytes]:
    """(content type, body) as Slack writes it; one time in ten as it never would."""
    if rng.random() < 0.9:
        return _encode(sample, payload)
    text = json.dumps(payload)
    form, plain_json = "application/x-www-form-urlencoded", "application/json"
    return rng.choice(
        (
            lambda: (form, f"payload={quote(text)}".encode()),
            lambda: (form, f"payload={quote_plus(text)}&payload={quote_plus(text)}".encode()),
            lambda: (form, f"token=x&payload={quote_plus(text)}&team_id=T0".encode()),
            lambda: (form, f"payload={text}".encode()),
            lambda: (form, f"payload={quote_plus(text)[: rng.randrange(len(text))]}".encode()),
            lambda: (form, f"payload={quote_plus(text)}%zz%".encode()),
            lambda: (form, b"payload=" + quote_plus(text).encode() + b"\xff%ff"),
            lambda: (form, f"PAYLOAD={quote_plus(text)}".encode()),
            lambda: (form, text.encode()),
            lambda: (plain_json, text.encode()),
            lambda: (plain_json, b"\xef\xbb\xbf" + text.encode()),
            lambda: (plain_json, b" \n" + text.encode() + b"\n "),
            lambda: (plain_json, text.replace('"type"', '"type": "shortcut", "type"', 1).encode()),
            lambda: (f"{plain_json}; charset=utf-16", text.encode()),
            lambda: (plain_json, f"payload={quote_plus(text)}".encode()),
            lambda: ("", f"payload={quote_plus(text)}".encode()),
            lambda: ("multipart/form-data; boundary=x", f"payload={quote_plus(text)}".encode()),
        )
    )()


def _encode(sample: Sample, payload: Payload) -> tuple[str, bytes]:
    if sample.way != "slash_commands":
        return encode(sample.way, payload)
    form = [(name, it if isinstance(it, str) else json.dumps(it)) for name, it in payload.items()]
    return "application/x-www-form-urlencoded", urlencode(form, errors="surrogatepass").encode()

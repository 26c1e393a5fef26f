"""Object streams (PDF 1.5) for what ReportLab writes one by one.

The structure tree of a brief is hundreds of small objects; packed together they take a tenth of the
room. Information and catalogue stay readable as they are.
"""

import re
import zlib

TABLE = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
TRAILER = re.compile(rb"trailer\s*<<(.*)>>\s*startxref", re.DOTALL)
REFERENCE = re.compile(rb"/(Root|Info) (\d+) 0 R")
# Objects in one stream: more pack better, fewer are found sooner.
PACKED = 400


def compact(pdf: bytes) -> bytes:
    """The same document in less room."""
    found = TRAILER.search(pdf)
    table = TABLE.search(pdf)
    if not found or not table:
        raise ValueError("This is no file as ReportLab writes it.")
    plain = {int(number) for _key, number in REFERENCE.findall(found[1])}
    offsets = _offsets(pdf, int(table[1]))
    ends = sorted([*offsets.values(), int(table[1])])
    after = dict(zip(ends, ends[1:], strict=False))
    made = bytearray(b"%PDF-1.7" + pdf[8 : ends[0]])
    small: list[tuple[int, bytes]] = []
    places: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)}
    for number, start in sorted(offsets.items()):
        whole = pdf[start : after[start]]
        body = whole[whole.index(b"obj") + 3 : whole.rindex(b"endobj")].strip()
        if number in plain or body.endswith(b"endstream"):
            places[number] = (1, len(made), 0)
            made += whole
        else:
            small.append((number, body))
    size = max(offsets) + 1
    for first in range(0, len(small), PACKED):
        part = small[first : first + PACKED]
        for index, (number, _body) in enumerate(part):
            places[number] = (2, size, index)
        places[size] = (1, len(made), 0)
        made += _object(size, *_packed(part))
        size += 1
    places[size] = (1, len(made), 0)
    start = len(made)
    made += _object(size, _kept(found[1], size + 1), _table(places, size + 1))
    return bytes(made + b"startxref\n%d\n%%%%EOF\n" % start)


def _offsets(pdf: bytes, table: int) -> dict[int, int]:
    """Where each object begins, from the one table of a fresh file."""
    _word, _span, *rows = pdf[table : pdf.index(b"trailer", table)].strip().splitlines()
    return {number: int(row[:10]) for number, row in enumerate(rows) if row.split()[2:3] == [b"n"]}


def _packed(part: list[tuple[int, bytes]]) -> tuple[bytes, bytes]:
    """The dictionary and content of a stream of objects."""
    heads, at = [], 0
    for number, body in part:
        heads.append(b"%d %d" % (number, at))
        at += len(body) + 1
    head = b" ".join(heads) + b"\n"
    about = b"/Type /ObjStm /N %d /First %d" % (len(part), len(head))
    return about, head + b"\n".join(body for _number, body in part)


def _table(places: dict[int, tuple[int, int, int]], size: int) -> bytes:
    """The rows of a cross-reference stream: kind, place, and generation or index."""
    rows = (places.get(number, (0, 0, 0)) for number in range(size))
    return b"".join(
        kind.to_bytes(1, "big") + place.to_bytes(4, "big") + index.to_bytes(2, "big")
        for kind, place, index in rows
    )


def _kept(trailer: bytes, size: int) -> bytes:
    """What the trailer says, as the dictionary of a cross-reference stream."""
    said = re.sub(rb"/Size \d+", b"", re.sub(rb"%[^\n]*\n", b"\n", trailer)).strip()
    return b"/Type /XRef /W [1 4 2] /Size %d %s" % (size, b" ".join(said.split()))


def _object(number: int, about: bytes, content: bytes) -> bytes:
    packed = zlib.compress(content)
    head = b"%d 0 obj\n<< %s /Filter /FlateDecode /Length %d >>" % (number, about, len(packed))
    return b"%s\nstream\n%s\nendstream\nendobj\n" % (head, packed)

"""Reads a tagged PDF back by its structure, with pypdf and not with our own canvas."""

import re
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject

BLOCKS = {"/P", "/H1", "/H2", "/H3", "/TD", "/TH", "/LBody", "/Lbl", "/BlockQuote"}


def elements(node: DictionaryObject) -> Iterator[DictionaryObject]:
    """Structure elements in reading order."""
    yield node
    for kid in _kids(node):
        kid = kid.get_object()
        if isinstance(kid, DictionaryObject) and "/S" in kid:
            yield from elements(kid)


def tree(file: PdfReader) -> list[DictionaryObject]:
    return list(elements(file.trailer["/Root"]["/StructTreeRoot"]["/K"][0].get_object()))


def _kids(node: DictionaryObject) -> list:
    kids = node.get("/K", ArrayObject())
    return list(kids) if isinstance(kids, ArrayObject) else [kids]


def said_by(file: PdfReader) -> list[str]:
    """The words of every paragraph, heading and cell in reading order, as they are read aloud.

    Actual text stands for what is drawn, as the standard has it.
    """
    texts = {page.indirect_reference.idnum: _marked(page) for page in file.pages}
    return [_words(node, texts) for node in tree(file) if node["/S"] in BLOCKS]


def _words(node: DictionaryObject, texts: dict[int, dict[int, str]]) -> str:
    if "/ActualText" in node:
        return str(node["/ActualText"])
    page = node.raw_get("/Pg").idnum if "/Pg" in node else 0
    said = []
    for kid in _kids(node):
        kid = kid.get_object()
        if isinstance(kid, int):
            said.append(texts[page].get(int(kid), ""))
        elif "/MCID" in kid:
            said.append(texts[kid.raw_get("/Pg").idnum].get(int(kid["/MCID"]), ""))
        elif "/S" in kid:
            said.append(_words(kid, texts))
    return "".join(said)


def _marked(page) -> dict[int, str]:
    """The letters drawn for each marked stretch of a page, by its number."""
    fonts = {name: _table(font.get_object()) for name, font in page["/Resources"]["/Font"].items()}
    found: dict[int, str] = {}
    stack: list[int | None] = []
    table: dict[int, str] = {}
    for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
        if operator == b"BDC":
            stack.append(operands[1].get("/MCID"))
        elif operator == b"BMC":
            stack.append(None)
        elif operator == b"EMC":
            stack.pop()
        elif operator == b"Tf":
            table = fonts[operands[0]]
        elif operator in (b"Tj", b"TJ"):
            drawn = operands[0] if operator == b"TJ" else [operands[0]]
            number = next((each for each in stack[::-1] if each is not None), None)
            if number is not None:
                letters = "".join(table.get(code, "") for part in drawn for code in _bytes(part))
                found[number] = found.get(number, "") + letters
    return found


def _bytes(part) -> bytes:
    return getattr(part, "original_bytes", b"") if not isinstance(part, (int, float)) else b""


def _table(font: DictionaryObject) -> dict[int, str]:
    told = font["/ToUnicode"].get_object().get_data().decode().partition("beginbfchar")[2]
    return {
        int(code, 16): bytes.fromhex(letters).decode("utf-16-be")
        for code, letters in re.findall(r"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]*)>\n", told)
    }

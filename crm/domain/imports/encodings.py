"""Which encoding a text file has: certain where the bytes say so, else the likeliest alphabet.

Old one-byte encodings say nothing about themselves. Each is judged by what the text becomes: the
letters of one European language, in words a language could have, or signs that stand in no name.
"""

import codecs
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

MIXED = "mixed"
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WEST = (
    "äöüß",
    "øåæéö",
    "äöåé",
    "éèêçàëïôâîûùœ",
    "áéíóñúü",
    "ãçáéõíóúâêôà",
    "èàòùìé",
    "ëéïöüèê",
    "ðþæöáéíóúý",
    "õäöüšž",
)
CENTRAL = (
    "łąęśóżćńź",
    "áíéřěčšžýůňúťďó",
    "áíéčšžýľúôťňďóäĺŕ",
    "áéöóőüíúű",
    "ăîâșțşţ",
    "čšžćđ",
)
GREEK = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",)
CYRILLIC = ("абвгдежзийклмнопрстуфхцчшщъьюя", "абвгдежзийклмнопрстуфхцчшщьюяєіїґ")
BALTIC = ("ėšžųįąūčę", "āēīšņļūžķģčõ", "õäöüšž")
TURKISH = ("ıüşöçğ",)
# In this order two readings of equal merit are offered.
ALPHABETS: dict[str, tuple[str, ...]] = {
    "cp1252": WEST,
    "cp1250": CENTRAL,
    "cp1253": GREEK,
    "cp1251": CYRILLIC,
    "cp1257": BALTIC,
    "cp1254": TURKISH,
    "iso8859_2": CENTRAL,
    "iso8859_7": GREEK,
    "mac_roman": WEST,
    "cp850": WEST,
    "cp852": CENTRAL,
    "iso8859_5": CYRILLIC,
    "cp866": CYRILLIC,
}
KNOWN = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", *ALPHABETS)
# Nearly every Greek word has one.
ACCENTS = frozenset("άέήίόύώΐΰ")
SIGNS = "–—‘’‚“”„…€§°·«»´\u00a0"
VOWELS = frozenset("aeiouyäöüåæøœ")
SAMPLE_WORDS = 4_000
SHOWN_WORDS = 4
# The readings must differ by this share of a letter's worth before one is taken without asking.
MARGIN = 0.04
WORD = re.compile(rb"[^\s,;\t|\"<>()]*[\x80-\xff][^\s,;\t|\"<>()]*")


@dataclass(frozen=True)
class Guess:
    """An encoding Python knows; `others` are readings as good as this, each with words as read."""

    encoding: str
    is_certain: bool = True
    words: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()


def guess(path: Path) -> Guess:
    """The encoding of the file at `path`."""
    with path.open("rb") as file:
        head = file.read(4_096)
    for mark, name in MARKS:
        if head.startswith(mark):
            return Guess(name)
    if wide := _wide_without_mark(head):
        return Guess(wide)
    valid, invalid = _utf8_letters(path)
    if not invalid:
        return Guess("utf-8")
    found = _guess_old(_words(path))
    if valid and valid * 5 >= invalid:
        # Lines from two sources in one file: those that are UTF-8 are read as such.
        return Guess(f"{MIXED}:{found.encoding}", False, found.words, found.others)
    return found


def offered(encoding: str) -> str:
    """The name by which an encoding is offered to choose from."""
    wide = next((name for name in ("utf-8", "utf-16", "utf-32") if encoding.startswith(name)), "")
    return wide or encoding


def opened(path: Path, encoding: str) -> TextIO:
    """The file as text with its line ends as they are; strict, so that nothing is guessed here."""
    if encoding.startswith(f"{MIXED}:"):
        rest = encoding.partition(":")[2]
        codecs.register_error(f"as-{rest}", lambda fault: _read_as(fault, rest))
        return path.open(encoding="utf-8", errors=f"as-{rest}", newline="")
    return path.open(encoding=encoding, newline="")


def _read_as(fault: UnicodeError, encoding: str) -> tuple[str, int]:
    assert isinstance(fault, UnicodeDecodeError)
    piece = fault.object[fault.start : fault.end]
    return piece.decode(encoding, errors="replace"), fault.end


def mended(text: str) -> str:
    """`text` with UTF-8 that somebody had read as Windows-1252 read rightly: Å‚ is ł."""
    if text.isascii() or not any("\u00c2" <= letter <= "\u00f4" for letter in text):
        return text
    try:
        again = b"".join(map(_as_windows, text)).decode("utf-8")
    except (UnicodeError, ValueError):
        return text
    return again if all(letter.isprintable() for letter in again) else text


def _as_windows(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        # The five bytes Windows-1252 leaves open are kept as control characters.
        return bytes([ord(letter)])


def is_wide(head: bytes) -> bool:
    """Whether these are two or four bytes for each letter."""
    marks = (name for mark, name in MARKS if head.startswith(mark) and name != "utf-8-sig")
    return any(marks) or bool(_wide_without_mark(head))


def _wide_without_mark(head: bytes) -> str:
    """UTF-16 that forgot its mark: every second byte only tells the alphabet, by a small number."""
    if len(head) < 8:
        return ""
    half = len(head) // 2
    even, odd = (sum(byte < 6 for byte in head[start::2]) for start in (0, 1))
    if odd > half * 0.9 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.9 and odd < half * 0.1:
        return "utf-16-be"
    return ""


def _utf8_letters(path: Path) -> tuple[int, int]:
    """How many letters beyond ASCII are UTF-8, and how many bytes are not."""
    wrong = 0

    def count(fault: UnicodeError) -> tuple[str, int]:
        nonlocal wrong
        assert isinstance(fault, UnicodeDecodeError)
        wrong += fault.end - fault.start
        return "", fault.end

    codecs.register_error("count-import-faults", count)
    decoder = codecs.getincrementaldecoder("utf-8")("count-import-faults")
    right = 0
    with path.open("rb") as file:
        while chunk := file.read(1_000_000):
            if chunk.isascii():
                continue
            text = decoder.decode(chunk)
            right += sum(1 for letter in text if letter > "\x7f" and letter.isalpha())
    decoder.decode(b"", final=True)
    return right, wrong


def _words(path: Path) -> list[bytes]:
    """Words with a letter beyond ASCII that is no UTF-8, up to SAMPLE_WORDS."""
    found: list[bytes] = []
    with path.open("rb") as file:
        while (chunk := file.read(1_000_000)) and len(found) < SAMPLE_WORDS:
            found += [word for word in WORD.findall(chunk) if len(word) < 80 and not _is_utf8(word)]
    return found[:SAMPLE_WORDS]


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def _guess_old(words: list[bytes]) -> Guess:
    rated: list[tuple[float, str, tuple[str, ...]]] = []
    for name, alphabets in ALPHABETS.items():
        try:
            read = tuple(word.decode(name) for word in words)
        except UnicodeDecodeError:
            continue
        rated.append((max(_merit(read, each) for each in alphabets), name, read))
    if not rated:
        return Guess("latin-1", False)
    best = max(rated, key=lambda each: each[0])
    rivals = {
        read: name
        for merit, name, read in reversed(rated)
        if read != best[2] and merit >= best[0] - MARGIN
    }
    shown = _shown(best[2])
    others = tuple((name, ", ".join(_shown(read))) for read, name in rivals.items())
    return Guess(best[1], best[0] > 0.6 and not others, shown, others)


def _shown(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip(".:'") for word in words))[:SHOWN_WORDS]


def _merit(words: tuple[str, ...], alphabet: str) -> float:
    """At most 1: every letter beyond ASCII is one of the language, in words it could have."""
    first = set(alphabet[: (len(alphabet) + 1) // 2])
    letters, merit = 0, 0.0
    for word in words:
        for number, letter in enumerate(word):
            if letter.isascii():
                continue
            letters += 1
            before = word[number - 1] if number else ""
            after = word[number + 1] if number + 1 < len(word) else ""
            merit += _merit_of_letter(letter, before, after, alphabet, first)
        merit -= 0.3 * _crowds(word)
    if alphabet in GREEK and not ACCENTS & set("".join(words).lower()):
        merit -= 0.3 * letters
    return merit / letters if letters else 0.0


def _merit_of_letter(letter: str, before: str, after: str, alphabet: str, first: set[str]) -> float:
    small = letter.lower()
    if small >= "\u0370" and any(each.isascii() and each.isalpha() for each in (before, after)):
        # Greek or Cyrillic beside a Latin letter: no word of any language.
        return -3.0
    if small in alphabet:
        if letter != small and before.islower():
            return -2.0
        if small == "ñ" and after and after.lower() not in VOWELS:
            return 0.4
        return 1.0 if small in first else 0.97
    if letter in SIGNS:
        return 0.0 if not (before.isalpha() and after.isalpha()) or letter in "’´·" else -3.0
    return -1.0 if letter.isalpha() else -3.0


def _crowds(word: str) -> int:
    """Runs of four and more consonants with one beyond ASCII among them: Jřrgensen."""
    found, run, foreign = 0, 0, False
    for letter in f"{word.lower()} ":
        base = unicodedata.normalize("NFD", letter)[0]
        is_consonant = letter.isalpha() and base not in VOWELS and letter not in VOWELS
        if is_consonant and "\u0370" > letter:
            run, foreign = run + 1, foreign or not letter.isascii()
            continue
        found += run >= 4 and foreign
        run, foreign = 0, False
    return found

"""How a name sounds, roughly."""

import re
from functools import lru_cache

VOWELS = re.compile(r"(?<!^)[aeiouyhw ]+")
DOUBLE = re.compile(r"(.)\1+")
SAME_SOUND = str.maketrans("ckqzvfpdgjm", "ssssffbtgin")


@lru_cache(maxsize=50_000)
def sound(name: str) -> str:
    """A rough key of how a Latin name sounds: its first letter and the consonants after it."""
    folded = name.replace("ph", "f").replace("ck", "k").replace("x", "ks")
    bare = VOWELS.sub("", folded.translate(SAME_SOUND))
    return DOUBLE.sub(r"\1", bare)[:5]

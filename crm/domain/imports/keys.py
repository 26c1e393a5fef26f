"""The key of a name, remembered: a list says "yes", "NO" and the same organisation all the time."""

from functools import lru_cache

from crm import search

name_key = lru_cache(maxsize=4_096)(search.name_key)

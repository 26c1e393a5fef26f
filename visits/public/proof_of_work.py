"""A proof of work that the browser does while a person types: it opens doors, it never shuts one.

The task is altcha's: find a number whose PBKDF2 key begins with a zero byte, 256 tries on average.
Browsers derive such keys about as fast as a program does, which plain hashes would not give.
altcha itself takes the same answer again and again; here each counts once.
"""

import json
from datetime import datetime

from django.utils.crypto import salted_hmac

from crm.domain import limits
from visits.late import altcha
from visits.public import time_trap

ALGORITHM, COST = "PBKDF2/SHA-256", 5_000
LONGEST = 2_000


def task_for(mark: str) -> str:
    """A new task, as JSON for the browser, that serves only the form of this mark."""
    task = altcha.create_challenge(ALGORITHM, COST, data={"mark": mark}, hmac_secret=_secret())
    return json.dumps(task.to_dict())


def is_new_proof(work: str, mark: str, *, at: datetime) -> bool:
    """Whether `work` solves a task of this mark's form for the first time; uses it up."""
    if not 0 < len(work) <= LONGEST or not altcha.verify_solution(work, _secret()).verified:
        return False
    task = altcha.Payload.from_base64(work).challenge.parameters
    return task.data == {"mark": mark} and limits.allow(
        "form-work", task.nonce, most=1, within=time_trap.LONGEST, at=at
    )


def _secret() -> str:
    return salted_hmac("visits.public.proof_of_work", "tasks", algorithm="sha256").hexdigest()

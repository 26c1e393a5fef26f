"""The processes of a race: they meet at a barrier, and a side that fails ends the race."""

import multiprocessing
import traceback
from collections.abc import Callable, Iterable

PATIENCE = 300


def meet(act: Callable, sides: Iterable[tuple], *, patience: float = PATIENCE) -> list:
    """What `act(*side, barrier)` gives in a process of its own for each side, as they end.

    Raises RuntimeError with the fault of the side that failed, and `queue.Empty` after so many
    seconds without an answer; the processes left are ended with this one.
    """
    sides = list(sides)
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(len(sides)), context.Queue()
    processes = [
        context.Process(target=_play, args=(act, side, barrier, answers)) for side in sides
    ]
    for process in processes:
        process.start()
    told = []
    try:
        for _process in processes:
            fault, outcome = answers.get(timeout=patience)
            if fault:
                raise RuntimeError(fault)
            told.append(outcome)
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    for process in processes:
        process.join()
    return told


def _play(act: Callable, side: tuple, barrier, answers) -> None:
    try:
        answers.put((None, act(*side, barrier)))
    except Exception:
        answers.put((traceback.format_exc(), None))
        # Whoever waits at the barrier would wait for ever.
        barrier.abort()

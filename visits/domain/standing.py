"""Which of the agreed visits in danger move, and which stand until somebody decides about them.

A visit that may move but finds no new place keeps its time, so the plan is made anew around it.
Which ones stand decides what else has a place: every choice in which visits of as much priority
move is looked at while there are few, so that the plan's bound and proof speak of all of them.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from visits.domain.planning import LoadedProblem
from visits.planning.changes import HOPELESS
from visits.planning.moves import reasons_left
from visits.planning.solution import Solution, Unplaced
from visits.planning.verdicts import verdict

if TYPE_CHECKING:
    from visits.domain.plans import SolvedPlan

# Of more visits that may move not every choice is looked at.
FEW_TO_COMPARE = 6
# Reasons that hold whatever else a plan has.
OF_ITS_OWN = HOPELESS | {"too_long", "day_too_short", "cannot_travel", "not_offered", "not_wished"}


@dataclass(frozen=True)
class Left:
    """A visit (reference) that may move but stands: the reason, the plan it has no new place in,
    and the input in which it could have one."""

    ref: str
    row: Unplaced
    plan: Solution
    loaded: LoadedProblem


class Standing:
    """Solves for some visits that may move until every other one stands.

    `solve` plans with these visits (references) free to move, `load` only gathers the input, `over`
    says that no time is left to look at further choices.
    """

    def __init__(
        self,
        solve: Callable[[Collection[str]], "SolvedPlan"],
        load: Callable[[Collection[str]], LoadedProblem],
        over: Callable[[], bool],
    ) -> None:
        self.solve, self.load, self.over = solve, load, over
        self.tries: list[SolvedPlan] = []

    def settle(self, released: Collection[str]) -> tuple["SolvedPlan", list[Left]]:
        """The best plan with its bound and proof, and the visits that stand although they might
        have moved."""
        self.tries.append(self.solve(released))
        while stand := without_new_place(self.tries[-1]):
            self.tries.append(self.solve({*self.tries[-1].loaded.released} - {*stand}))
        found = self.tries[-1]
        if len(self.tries) == 1:
            return found, []
        solution = found.solution
        if len(self.tries) > 2 or self.has_rivals():
            found, solution = self.compared()
        return replace(found, solution=solution), self.left_by(found)

    @property
    def weights(self) -> dict[str, int]:
        """The priority of each agreed visit that may move, by its reference."""
        loaded = self.tries[0].loaded
        return {
            loaded.kept_visits[task.ref].ref: task.priority
            for task in loaded.problem.tasks
            if task.promised
        }

    def has_rivals(self) -> bool:
        """Whether other visits that may move, of the same priority, could have been left out."""
        return any(True for _some in self.choices(least=self.moved(self.tries[-1])))

    def moved(self, solved: "SolvedPlan") -> int:
        """The priority of the agreed visits that move in a plan."""
        weights = self.weights
        return sum(weights.get(ref, 0) for ref in solved.loaded.released)

    def choices(self, *, least: int) -> Iterator[set[str]]:
        """Which visits might move instead of those tried, those of most priority first: at least so
        much of it, and no more than the first plan could place. Offers may move in all of them."""
        weights, out = self.weights, without_new_place(self.tries[0])
        most = sum(weight for ref, weight in weights.items() if ref not in out)
        known = [{*tried.loaded.released} for tried in self.tries]
        offers = known[0] - weights.keys()
        sizes = range(len(weights) + 1)
        every = [some for size in sizes for some in combinations(sorted(weights), size)]
        every.sort(key=lambda some: -sum(weights[ref] for ref in some))
        for some in every:
            if least <= sum(weights[ref] for ref in some) <= most:
                if {*some} | offers not in known:
                    yield {*some} | offers

    def compared(self) -> tuple["SolvedPlan", Solution]:
        """The best plan of all choices, with the bound and the proof that speak of all of them."""
        best = self.tries[-1]
        if len(self.weights) > FEW_TO_COMPARE:
            return best, replace(best.solution.unproven(), bound=self.ceiling(best.solution))
        rivals, is_certain = [best], all(tried.solution.proven for tried in self.tries[:-1])
        for some in self.choices(least=self.moved(best)):
            if self.moved(best) > sum(self.weights.get(ref, 0) for ref in some):
                break
            if self.over():
                return best, replace(best.solution.unproven(), bound=self.ceiling(best.solution))
            tried = self.solve(some)
            self.tries.append(tried)
            if without_new_place(tried):
                is_certain &= tried.solution.proven
            elif self.moved(tried) > self.moved(best):
                best, rivals = tried, [tried]
            else:
                rivals.append(tried)
                best = max(best, tried, key=_rank)
        bounds = [tried.solution.bound for tried in rivals]
        bound = None if None in bounds else max(row for row in bounds if row is not None)
        return best, replace(
            best.solution,
            bound=bound if is_certain else self.ceiling(best.solution),
            proven=is_certain and bound == best.solution.priority,
            proven_all=is_certain and all(tried.solution.proven_all for tried in rivals),
        )

    def ceiling(self, found: Solution) -> int:
        """What no plan can exceed, whichever visits stand: all that was asked for but what the
        rules of its own days and of the hosts keep out of every plan."""
        problem = self.tries[0].loaded.problem
        hopeless = {
            row.task
            for row in found.unplaced
            if row.slots and all(each.reason.code in OF_ITS_OWN for each in row.slots)
        }
        asked = sum(task.priority for task in problem.tasks if task.ref not in hopeless)
        return asked + sum(visit.priority for visit in problem.fixed)

    def left_by(self, found: "SolvedPlan") -> list[Left]:
        """The visits that stand in a plan where they cannot stay, each with why it has no new place
        beside the plan as it was found."""
        moving, left = {*found.loaded.released}, []
        for ref in self.weights:
            if ref in moving:
                continue
            (stands,) = [visit for visit in found.solution.visits if visit.fixed == ref]
            rest = tuple(visit for visit in found.solution.visits if visit is not stands)
            bare, loaded = replace(found.solution, visits=rest), self.load({*moving, ref})
            (task,) = [
                task.ref
                for task in loaded.problem.tasks
                if task.promised and loaded.kept_visits[task.ref].ref == ref
            ]
            if verdict(loaded.problem, bare, task, stands.host, stands.start).possible:
                continue
            (row,) = reasons_left(loaded.problem, bare, only={task})
            left.append(Left(ref, replace(row, would_fit_if=None), bare, loaded))
        return left


def without_new_place(solved: "SolvedPlan") -> dict[str, Unplaced]:
    """The visits that might move but have no new place in a plan, by reference, each with the
    reason."""
    promised = {task.ref for task in solved.loaded.problem.tasks if task.promised}
    return {
        solved.loaded.kept_visits[row.task].ref: row
        for row in solved.solution.unplaced
        if row.task in promised
    }


def _rank(solved: "SolvedPlan") -> tuple[float, ...]:
    """The aims in their order."""
    solution = solved.solution
    return (solution.priority, solution.kept, solution.points, -solution.totals.minutes)

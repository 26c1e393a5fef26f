"""Searches asked for on a page and worked off by the worker; the PlanRun row is the truth."""

import logging
import secrets
import time
from collections.abc import Callable, Collection
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm import clock
from crm.models import User
from visits.domain.plans import BrokenPlan, solve_campaign, store_version
from visits.models import Campaign, Host, Plan, PlanRun
from visits.planning.problem import ProblemError
from visits.planning.solution import Progress

State, Freedom = PlanRun.State, PlanRun.Freedom
FEW_MOVES = 2
LEAST_SECONDS, MOST_SECONDS = 30, 600
MOST_MOVES: dict[str, int | None] = {Freedom.INSERT: 0, Freedom.FEW: FEW_MOVES, Freedom.BEST: None}
# The group of searches whose answers were about a plan that holds no longer.
OVERTAKEN = "overtaken"
SILENT_FOR = timedelta(minutes=3)
BEAT_EVERY = timedelta(seconds=1)
BROKE_OFF = "The search broke off by a fault of the program, which stands in the worker's log."
log = logging.getLogger(__name__)


def ask_for_run(
    plan: Plan,
    *,
    by: User | None,
    fresh: bool = False,
    seconds: int | None = None,
    seed: int = 1,
) -> PlanRun:
    """Queue a search; while one is waiting or running that one is returned instead."""
    active = plan.runs.filter(state__in=[State.QUEUED, State.RUNNING], fresh=fresh, group="")
    if run := active.first():
        return run
    seconds = seconds or seconds_for(plan.campaign)
    return PlanRun.objects.create(plan=plan, asked_by=by, fresh=fresh, seconds=seconds, seed=seed)


def seconds_for(campaign: Campaign) -> int:
    """How long a search may take: a minute for 300 requests and three hosts, in which it comes near
    the best plan (docs/planning.md), and as much more as there is more to weigh."""
    size = campaign.requests.count() * Host.objects.who_lead().count()
    return min(MOST_SECONDS, max(LEAST_SECONDS, size // 15))


@transaction.atomic
def ask_to_replan(
    plan: Plan,
    *,
    released: Collection[str],
    because: str,
    by: User | None,
    seconds: int | None = None,
) -> list[PlanRun]:
    """Queue three searches in which these visits (references) may move: one that moves nothing that
    can stay, one that moves a few, and the best. Earlier ones that still wait are given up.
    """
    plan.runs.filter(state=State.QUEUED).exclude(group="").update(state=State.STOPPED)
    group = secrets.token_hex(6)
    return [
        PlanRun.objects.create(
            plan=plan,
            asked_by=by,
            freedom=freedom,
            released=sorted(released),
            because=because,
            group=group,
            seconds=seconds or seconds_for(plan.campaign),
        )
        for freedom in Freedom
    ]


def latest_replan(plan: Plan) -> list[PlanRun]:
    """The three searches last asked for together, least free first; none when there were none, or
    when a plan was published since."""
    last = plan.runs.exclude(group="").first()
    if last is None or last.group == OVERTAKEN:
        return []
    order = list(Freedom)
    runs = plan.runs.filter(group=last.group).select_related("version")
    return sorted(runs, key=lambda run: order.index(Freedom(run.freedom)))


def give_up_replans(plan: Plan) -> None:
    """Let the answers worked out so far be gone, because another plan holds now."""
    runs = plan.runs.exclude(group="")
    runs.filter(state=State.QUEUED).update(state=State.STOPPED)
    runs.update(group=OVERTAKEN, stop_asked=True)


def ask_to_stop(run: PlanRun) -> None:
    """Let a running search end with the best plan so far."""
    PlanRun.objects.filter(pk=run.pk).update(stop_asked=True)
    PlanRun.objects.filter(pk=run.pk, state=State.QUEUED).update(state=State.STOPPED)


def work_off(*, stop: Callable[[], bool] = lambda: False) -> int:
    """Work off the searches that wait; the number done."""
    _mark_interrupted()
    done = 0
    while not stop():
        run = PlanRun.objects.filter(state=State.QUEUED).order_by("pk").first()
        if run is None:
            return done
        claimed = PlanRun.objects.filter(pk=run.pk, state=State.QUEUED).update(
            state=State.RUNNING, beat_at=timezone.now()
        )
        if claimed:
            _work(run, stop=stop)
            done += 1
    return done


def _note(run: PlanRun) -> str:
    if not run.group:
        return ""
    return (
        f"{run.get_freedom_display()}: {run.because}" if run.because else run.get_freedom_display()
    )


def _mark_interrupted() -> None:
    before = timezone.now() - SILENT_FOR
    PlanRun.objects.filter(state=State.RUNNING, beat_at__lt=before).update(
        state=State.INTERRUPTED,
        error="The worker stopped during this search; start it again.",
    )


class Asked:
    """A question to the database that is put at most once a second; a yes stays a yes."""

    def __init__(self, question: Callable[[], bool]) -> None:
        self.question, self.answer, self.again_at = question, False, 0.0

    def __call__(self) -> bool:
        if not self.answer and time.monotonic() >= self.again_at:
            self.again_at = time.monotonic() + BEAT_EVERY.total_seconds()
            self.answer = self.question()
        return self.answer


def _work(run: PlanRun, *, stop: Callable[[], bool]) -> None:
    rows = PlanRun.objects.filter(pk=run.pk)
    last_beat = timezone.now()
    asked_to_stop = Asked(lambda: rows.filter(stop_asked=True).exists())

    def on_progress(progress: Progress) -> None:
        nonlocal last_beat
        if timezone.now() - last_beat >= BEAT_EVERY:
            last_beat = timezone.now()
            rows.update(beat_at=last_beat, priority=progress.priority, bound=progress.bound)

    def should_stop() -> bool:
        return stop() or asked_to_stop()

    try:
        solved = solve_campaign(
            run.plan.campaign,
            at=clock.now(),
            fresh=run.fresh,
            released=run.released,
            most_moves=MOST_MOVES[run.freedom] if run.group else None,
            seconds=run.seconds,
            seed=run.seed,
            on_progress=on_progress,
            should_stop=should_stop,
        )
        version = store_version(solved, by=run.asked_by, note=_note(run))
    except (ValidationError, BrokenPlan, ProblemError) as error:
        sentence = error.messages[0] if isinstance(error, ValidationError) else str(error)
        rows.update(state=State.FAILED, error=sentence[:500])
        return
    except Exception:
        # Nobody would be told otherwise, and the page would wait for a search that is gone.
        log.exception("The search %s broke off.", run.pk)
        rows.update(state=State.FAILED, error=BROKE_OFF)
        return
    rows.update(
        state=State.STOPPED if solved.solution.stopped else State.DONE,
        version=version,
        priority=version.priority,
        bound=version.bound,
        beat_at=timezone.now(),
    )

"""`manage.py worker [--once]`: mail, expiry, planning and clean-up, on one or many machines."""

import logging
import os
import signal
import socket
import threading

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections

from visits.domain.rounds import Rests, one_round

log = logging.getLogger(__name__)

TICK_SECONDS = 2.0
LONGEST_PAUSE = 60.0


class Command(BaseCommand):
    help = "Works off the outbox, proposals that end, planning runs and clean-up."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="make one round and stop")

    def handle(self, *args, once: bool, **options):
        name = f"{socket.gethostname()}:{os.getpid()}"
        rests = Rests()
        if once:
            done = one_round(worker=name, rests=rests)
            self.stdout.write(", ".join(f"{part} {count}" for part, count in done.items()))
            if rests.failing:
                raise CommandError(f"Not done, see the log: {', '.join(rests.failing)}")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        pause = TICK_SECONDS
        while not stop.is_set():
            close_old_connections()
            try:
                one_round(worker=name, stop=stop.is_set, rests=rests)
                pause = TICK_SECONDS
            except OperationalError as error:
                self.stderr.write(f"The database is busy or away ({error}); trying again.")
                pause = min(pause * 2, LONGEST_PAUSE)
            except Exception:
                log.exception("A round of the worker broke off.")
                pause = min(pause * 2, LONGEST_PAUSE)
            stop.wait(pause)

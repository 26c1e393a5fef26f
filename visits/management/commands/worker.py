"""`manage.py worker [--once]`: mail, expiry, planning and clean-up, on one or many machines."""

import os
import signal
import socket
import threading

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections

from visits.domain.rounds import one_round

TICK_SECONDS = 2.0
LONGEST_PAUSE = 60.0


class Command(BaseCommand):
    help = "Works off the outbox, proposals that end, planning runs and clean-up."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="make one round and stop")

    def handle(self, *args, once: bool, **options):
        name = f"{socket.gethostname()}:{os.getpid()}"
        if once:
            done = one_round(worker=name)
            self.stdout.write(", ".join(f"{part} {count}" for part, count in done.items()))
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        pause = TICK_SECONDS
        while not stop.is_set():
            close_old_connections()
            try:
                one_round(worker=name, stop=stop.is_set)
                pause = TICK_SECONDS
            except OperationalError as error:
                self.stderr.write(f"The database is busy or away ({error}); trying again.")
                pause = min(pause * 2, LONGEST_PAUSE)
            stop.wait(pause)

"""`/healthz` says the process answers; `/readyz` says what the site needs to do its work."""

import shutil
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.models import WorkerBeat

WORKER_SILENT_FOR = timedelta(minutes=5)
LEAST_FREE_BYTES = 100 * 1024 * 1024


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when everything is there, else 503; names of parts only, nothing about the data."""
    found = parts()
    ready = all(found.values())
    return JsonResponse({"ready": ready, **found}, status=200 if ready else 503)


def parts() -> dict[str, bool]:
    """What the site needs to do its work, and whether it is there."""
    found = {
        "database": _database_answers(),
        "disk": shutil.disk_usage(settings.DATA_DIR).free > LEAST_FREE_BYTES,
    }
    if found["database"]:
        found["migrations"] = _migrations_applied()
        found["worker"] = WorkerBeat.objects.filter(
            at__gte=timezone.now() - WORKER_SILENT_FOR
        ).exists()
    return found


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except DatabaseError:
        return False


def _migrations_applied() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())

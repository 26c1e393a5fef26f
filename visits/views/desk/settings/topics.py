"""Topics: what a visit can be about, and what must not be promised."""

from functools import partial

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.permissions import require
from crm.roles import Role
from visits.domain import topics as verbs
from visits.forms.settings import TopicForm
from visits.models import Topic
from visits.views.desk.access import try_verb
from visits.views.desk.toasts import done, try_form

KEEPERS = (Role.COORDINATOR, Role.ADMINISTRATOR)


@require_safe
@require(*KEEPERS)
def topic_list(request: HttpRequest) -> HttpResponse:
    rows = Topic.objects.annotate(
        request_count=Count("requests", distinct=True), host_count=Count("hosts", distinct=True)
    )
    return render(request, "visits/settings_topics.html", {"topics": rows})


@require_http_methods(["GET", "POST"])
@require(*KEEPERS)
def topic_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    row = get_object_or_404(Topic, pk=pk) if pk else None
    form = TopicForm(request.POST or None, row=row)
    verb = partial(verbs.edit_topic, row) if row else verbs.add_topic
    if try_form(request, form, verb) is not None:
        done(request, _("Saved."))
        return redirect("visits:topic-list")
    context = {"form": form, "row": row}
    status = 409 if form.change else 200
    return render(request, "visits/settings_topic.html", context, status=status)


@require_POST
@require(*KEEPERS)
def topic_remove(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Topic, pk=pk)
    sentence = _("%(name)s is off the list.") % {"name": row.name}
    if not try_verb(
        request, verbs.remove_topic, row, done=sentence, at=clock.now(), by=request.user
    ):
        return redirect("visits:topic-edit", pk)
    return redirect("visits:topic-list")

"""Topics: what a visit can be about, and what must not be promised."""

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.domain.edits import ChangedMeanwhile
from crm.permissions import require
from crm.roles import Role
from visits.domain import topics as verbs
from visits.forms.settings import TopicForm
from visits.models import Topic
from visits.views.desk.access import try_verb
from visits.views.desk.toasts import add_errors, done

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
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, row, form)
        except ChangedMeanwhile as change:
            form.show_change(change)
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("Saved."))
            return redirect("visits:topic-list")
    context = {"form": form, "row": row}
    status = 409 if form.change else 200
    return render(request, "visits/settings_topic.html", context, status=status)


def _save(request: HttpRequest, row: Topic | None, form: TopicForm) -> None:
    if row is None:
        verbs.add_topic(form.values, at=clock.now(), by=request.user)
        return
    seen = form.cleaned_data["seen"] or None
    verbs.edit_topic(row, form.values, seen=seen, at=clock.now(), by=request.user)


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

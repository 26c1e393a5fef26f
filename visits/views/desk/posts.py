"""What a person is and was: a new post, a former one, and taking either back."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.domain import posts as verbs
from crm.forms.posts import FormerPostForm, NewPostForm
from crm.models import Person
from crm.permissions import require
from crm.roles import Role
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.people import find_person, leave_closed, offered_organisations
from visits.views.desk.toasts import add_errors, done, today


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def person_posts(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down a new post, which keeps the present one as a former one, or one of the past."""
    person = find_person(request, pk)
    if away := leave_closed(request, person):
        return away
    is_former = request.POST.get("which") == "former"
    first: dict[str, Any] = {
        "organisation": person.organisation.name if person.organisation else ""
    }
    first |= {"on": today(request), "department": person.department}
    sent = request.POST or None
    form = NewPostForm(None if is_former else sent, initial=first)
    former = FormerPostForm(sent if is_former else None)
    if request.method == "POST" and _keep(request, person, former if is_former else form):
        return redirect("visits:person-detail", pk)
    context = {
        "person": person,
        "form": form,
        "former": former,
        "posts": person.posts.select_related("organisation"),
        "organisations": offered_organisations(),
    }
    status = 422 if form.errors or former.errors else 200
    return render(request, "visits/person_posts.html", context, status=status)


def _keep(request: HttpRequest, person: Person, form: Any) -> bool:
    """Whether it was written down; if not, the form tells why."""
    if not form.is_valid():
        return False
    verb = verbs.add_post if isinstance(form, FormerPostForm) else verbs.change_post
    try:
        verb(person, **form.cleaned_data, at=clock.now(), by=request.user)
    except ValidationError as error:
        add_errors(form, error)
        return False
    undo = reverse("visits:person-post-undo", args=[person.pk])
    done(request, _("Written down."), undo="" if verb is verbs.add_post else undo)
    return True


@require_POST
@require(Role.COORDINATOR)
def person_post_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back the last move."""
    person = find_person(request, pk)
    if try_verb(request, verbs.take_back_post, person, at=clock.now(), by=request.user):
        done(request, _("%(name)s is what they were before.") % {"name": person.name})
    return back_to(request, reverse("visits:person-detail", args=[pk]))


@require_POST
@require(Role.COORDINATOR)
def person_post_remove(request: HttpRequest, pk: int, post: int) -> HttpResponse:
    """Take out a former post that never was."""
    person = find_person(request, pk)
    if away := leave_closed(request, person):
        return away
    row = get_object_or_404(person.posts, pk=post)
    if try_verb(request, verbs.remove_post, row, at=clock.now(), by=request.user):
        done(request, _("Taken out: %(post)s") % {"post": row})
    return back_to(request, reverse("visits:person-posts", args=[pk]))

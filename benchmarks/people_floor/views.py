"""A page and an API list: one COUNT and fifty rows each; `/enter/` signs the first user in."""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.template import engines
from django.urls import path
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import generics, pagination, serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated

from benchmarks.people_floor.models import Person, User

TEMPLATE = engines["django"].from_string(
    """<!doctype html><html lang="en"><head><title>People</title></head><body>
<p>{{ page.paginator.count }} people</p><table>{% for person in page %}<tr>
<td><a href="/people/{{ person.pk }}/">{{ person.given }} {{ person.family }}</a></td>
<td>{{ person.role }}</td><td>{{ person.department }}</td>
<td>{{ person.organisation.name }}</td><td>{{ person.organisation.country }}</td>
<td>{{ person.updated_at }}</td></tr>{% endfor %}</table></body></html>"""
)


class Row(serializers.ModelSerializer):
    city = serializers.CharField(source="organisation.name")
    country = serializers.CharField(source="organisation.country")
    shown = serializers.CharField(source="given")

    class Meta:
        model = Person
        fields = (
            "id", "given", "family", "role", "department", "script_variant", "organisation",
            "city", "country", "shown", "created_at", "updated_at",
        )  # fmt: skip


class Fifty(pagination.LimitOffsetPagination):
    default_limit, max_limit = 50, 200


class Rows(generics.ListAPIView):
    queryset = Person.objects.select_related("organisation")
    serializer_class = Row
    authentication_classes = (SessionAuthentication,)
    permission_classes = (IsAuthenticated,)
    filter_backends = (DjangoFilterBackend,)
    filterset_fields = ("organisation",)
    pagination_class = Fifty


@login_required
def people(request):
    page = Paginator(Person.objects.select_related("organisation"), 50).get_page(
        request.GET.get("page")
    )
    return HttpResponse(TEMPLATE.render({"page": page}, request))


def enter(request):
    login(request, User.objects.first(), backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse("in")


urlpatterns = [
    path("people/", people),
    path("api/people/", Rows.as_view()),
    path("enter/", enter),
    path("healthz", lambda request: HttpResponse("ok")),
]

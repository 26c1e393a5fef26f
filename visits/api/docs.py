"""The API's description of itself, and the page that reads it; for whoever is signed in."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated


class SchemaView(SpectacularAPIView):
    permission_classes = [IsAuthenticated]


class DocsView(SpectacularSwaggerSplitView):
    """Page and script apart and no inline style, as the site's content policy wants it."""

    permission_classes = [IsAuthenticated]
    template_name = "visits/api_docs.html"

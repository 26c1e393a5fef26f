"""Pages of people and organisations alone; those that show requests too live in visits."""

from django.urls import path

app_name = "crm"
urlpatterns: list = []

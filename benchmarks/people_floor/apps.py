from django.apps import AppConfig


class FloorConfig(AppConfig):
    name = "benchmarks.people_floor"
    label = "floor"

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "People and organisations"

    def ready(self) -> None:
        from crm import checks  # noqa: F401 (registers them)
        from crm.trigrams import keep_index

        post_migrate.connect(keep_index, sender=self)

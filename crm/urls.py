"""Pages of people and organisations alone; those that show requests too live in visits."""

app_name = "crm"
urlpatterns: list = []

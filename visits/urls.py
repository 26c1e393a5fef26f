"""Every page of the product that shows requests, visits or plans."""

app_name = "visits"
urlpatterns: list = []

"""The program's own tables with the fewest columns a list needs."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class User(AbstractBaseUser):
    email = models.EmailField(unique=True)
    is_active = models.BooleanField()

    objects = BaseUserManager()
    USERNAME_FIELD = "email"

    class Meta:
        db_table, managed = "crm_user", False


class Organisation(models.Model):
    name = models.TextField()
    country = models.TextField()

    class Meta:
        db_table, managed = "crm_organisation", False


class Person(models.Model):
    given = models.TextField()
    family = models.TextField()
    role = models.TextField()
    department = models.TextField()
    script_variant = models.TextField()
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table, managed = "crm_person", False
        ordering = ("family", "given", "id")

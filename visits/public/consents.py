"""What the form asks leave for: each purpose alone, in the words stored with the answer."""

from django.utils.translation import gettext as _

from crm.models import ConsentText
from crm.models.consent import Purpose

ASKED = (Purpose.SHARE_SECU4ALL, Purpose.SHARE_COSSEC, Purpose.NAME_CITY, Purpose.NEWSLETTER)


def words_of() -> dict[str, str]:
    """The words in the active language; used where nobody has stored a wording of that language."""
    return {
        Purpose.NEWSLETTER: _(
            "I would like to get the IMPETUS newsletter by mail. I can stop it at any time with "
            "the link in every mail."
        ),
        Purpose.SHARE_SECU4ALL: _(
            "You may pass my name, role and address on to the Secu4All project so that it can "
            "answer us."
        ),
        Purpose.SHARE_COSSEC: _(
            "You may pass my name, role and address on to COSSEC, the Community of Safe and "
            "Secure Cities."
        ),
        Purpose.NAME_CITY: _("You may name our city in public as one that took part in a visit."),
    }


def texts(language: str) -> dict[str, str]:
    """The newest stored wording per purpose in the language, else ours, in the order asked."""
    stored = dict(
        ConsentText.objects.filter(language=language, purpose__in=ASKED, is_asked=True)
        .order_by("version")
        .values_list("purpose", "text")
    )
    ours = words_of()
    return {purpose.value: stored.get(purpose, ours[purpose]) for purpose in ASKED}

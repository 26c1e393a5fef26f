"""What people said to being mailed, named, photographed or passed on; addresses never to mail."""

from crm import fixture_files as files
from crm.models import ConsentRecord, ConsentText, DataRequest, Suppression
from crm.validators import address_key
from visits.domain.sample_load.cast import Cast

# Owners whose address is never to be mailed again; the others with a fault can be corrected.
SUPPRESSED_FOR_GOOD = ("p050", "p062")


def load_consents(cast: Cast) -> None:
    texts = {(row.purpose, row.language): row for row in ConsentText.objects.filter(version=1)}
    ConsentRecord.objects.bulk_create(
        ConsentRecord(
            person=cast.people.get(row["owner"]),
            address=row["address"],
            purpose=row["purpose"],
            status=row["status"],
            text=texts.get((row["purpose"], row["language"])),
            language=row["language"],
            at=files.moment(row["at"]),
            channel=row["channel"],
            evidence=row["evidence"],
            is_sample=True,
        )
        for row in files.document("sample/consents.json")
    )


def load_suppressions(cast: Cast) -> None:
    Suppression.objects.bulk_create(
        Suppression(
            match_key=address_key(row["address"]),
            reason=row["reason"],
            at=files.moment(row["at"]),
            is_sample=True,
        )
        for row in files.rows("sample/addresses.csv")
        if row["owner"] in SUPPRESSED_FOR_GOOD
    )


def load_data_requests(cast: Cast) -> None:
    DataRequest.objects.bulk_create(
        DataRequest(
            kind=row["kind"],
            person=cast.people[row["owner"]],
            address=f"{row['owner']}@example.org",
            text=row["note"],
            received_at=files.moment(row["received_at"]),
            due_on=files.day(row["due_on"]),
            is_sample=True,
        )
        for row in files.document("sample/data_requests.json")
    )

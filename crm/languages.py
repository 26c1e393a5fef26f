"""Languages a reader may want that our texts do not exist in: their own names, and one sentence.

A letter to such a reader is in English and begins with that sentence in the reader's language.
"""

from django.conf import settings

OPENINGS = {
    "bg": ("Български", "Пишем Ви на английски; можете да ни отговорите на български."),
    "ca": ("Català", "Us escrivim en anglès; podeu respondre'ns en català."),
    "cs": ("Čeština", "Píšeme Vám anglicky; odpovědět nám můžete česky."),
    "da": ("Dansk", "Vi skriver til dig på engelsk; du er velkommen til at svare på dansk."),
    "et": ("Eesti", "Kirjutame teile inglise keeles; vastata võite eesti keeles."),
    "eu": ("Euskara", "Ingelesez idazten dizuegu; euskaraz erantzun diezagukezue."),
    "fi": ("Suomi", "Kirjoitamme teille englanniksi; voitte vastata suomeksi."),
    "ga": ("Gaeilge", "Táimid ag scríobh chugat i mBéarla; is féidir leat freagra i nGaeilge."),
    "hr": ("Hrvatski", "Pišemo Vam na engleskom; odgovoriti nam možete na hrvatskom."),
    "hu": ("Magyar", "Angolul írunk Önnek; válaszolhat magyarul."),
    "is": ("Íslenska", "Við skrifum þér á ensku; þér er velkomið að svara á íslensku."),
    "lb": (
        "Lëtzebuergesch",
        "Mir schreiwen op Englesch; Dir kënnt op Lëtzebuergesch äntweren.",
    ),
    "lt": ("Lietuvių", "Rašome Jums angliškai; atsakyti galite lietuviškai."),
    "lv": ("Latviešu", "Rakstām Jums angliski; atbildēt varat latviski."),
    "mk": ("Македонски", "Ви пишуваме на англиски; можете да одговорите на македонски."),
    "pt": ("Português", "Escrevemos-lhe em inglês; pode responder-nos em português."),
    "ro": ("Română", "Vă scriem în engleză; ne puteți răspunde în română."),
    "sk": ("Slovenčina", "Píšeme Vám po anglicky; odpovedať nám môžete po slovensky."),
    "sl": ("Slovenščina", "Pišemo Vam v angleščini; odgovorite nam lahko v slovenščini."),
    "sq": ("Shqip", "Ju shkruajmë në anglisht; mund të përgjigjeni në shqip."),
    "sr": ("Српски", "Пишемо Вам на енглеском; одговорити нам можете на српском."),
    "sv": ("Svenska", "Vi skriver till dig på engelska; du får gärna svara på svenska."),
    "tr": ("Türkçe", "Size İngilizce yazıyoruz; Türkçe yanıt verebilirsiniz."),
    "uk": ("Українська", "Ми пишемо Вам англійською; Ви можете відповісти українською."),
}


def spoken(language: str) -> str:
    """The language our own words to a reader of `language` are in: theirs, else English."""
    return language if language in settings.COMPLETE_LANGUAGES else settings.LANGUAGE_CODE


def opening_line(wanted: str, written: str) -> str:
    """What a letter written in another language than the wanted one begins with; often empty."""
    return OPENINGS[wanted][1] if wanted != written and wanted in OPENINGS else ""


def choices() -> list[tuple[str, str]]:
    """Every language a reader may choose, by its own name: those we write in first."""
    names = dict(settings.LANGUAGES)
    ours = [(code, names[code]) for code in settings.COMPLETE_LANGUAGES]
    others = sorted((name, code) for code, (name, _line) in OPENINGS.items())
    return ours + [(code, name) for name, code in others]


def name_of(code: str) -> str:
    """A language by its own name; the code itself when we know none."""
    return dict(choices()).get(code, code)

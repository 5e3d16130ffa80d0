"""Names of months and weekdays in English, German, French, Spanish, Italian, Portuguese and Dutch.

The core has the same words (`core/table/cells.c`), and pages get them with a form of dates. They are in small
letters and without accents, as `folded` returns words. docs/guide/files.md says which words are read.
"""

from __future__ import annotations

import unicodedata

# Of each month, the English one first. Abbreviations are only those that are not the first letters of a name.
MONTHS = (
    "january januar janner janvier enero gennaio janeiro januari",
    "february februar fevrier febrero febbraio fevereiro februari",
    "march marz mrz mars marzo marco maart mrt",
    "april avril abril aprile",
    "may mai mayo maggio maio mei",
    "june juni juin junio giugno junho",
    "july juli juillet julio luglio julho",
    "august aout agosto augustus",
    "september septembre septiembre settembre setembro",
    "october oktober octobre octubre ottobre outubro",
    "november novembre noviembre novembro",
    "december dezember decembre diciembre dicembre dezembro",
)
WEEKDAYS = (
    "monday montag lundi lunes lunedi segunda maandag tuesday dienstag mardi martes martedi terca "
    "dinsdag wednesday mittwoch mercredi miercoles mercoledi quarta woensdag thursday donnerstag "
    "jeudi jueves giovedi quinta donderdag friday freitag vendredi viernes venerdi sexta vrijdag "
    "saturday samstag sonnabend samedi sabado sabato zaterdag sunday sonntag dimanche domingo "
    "domenica zondag"
)
# What can stand behind the number of a day. Signs are no letters.
ORDINALS = "st nd rd th er re e o a ste de"
ORDINAL_SIGNS = "\u00ba\u00aa\u00b0"
# Letters of words, with accents of their own, as the inside of a class of a pattern.
LETTERS = "A-Za-z\u00c0-\u00ff\u0300-\u036f"
LEAST_OF_MONTH, LEAST_OF_WEEKDAY = 3, 2  # letters of an abbreviation


def folded(word: str) -> str:
    """Return a word in small letters without accents."""
    letters = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in letters if not "\u0300" <= letter <= "\u036f").lower()


def month_of(word: str, *, is_name: bool = False) -> int:
    """Return the number of a month by its name, or unless `is_name` by its first letters; 0 for other words.

    No other month may begin so in any of the languages.
    """
    text = folded(word)
    begun = set()
    for month, names in enumerate(MONTHS, 1):
        for name in names.split():
            if name == text:
                return month
            if name.startswith(text):
                begun.add(month)
    return begun.pop() if len(begun) == 1 and len(text) >= LEAST_OF_MONTH and not is_name else 0


def is_weekday(word: str) -> bool:
    """Return whether a word is a weekday or its first letters."""
    text = folded(word)
    is_begun = any(name.startswith(text) for name in WEEKDAYS.split())
    return is_begun and len(text) >= LEAST_OF_WEEKDAY

"""Countries that leads come from, with names as people write them and numbers that could be theirs."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import phonenumbers


@dataclass(frozen=True, slots=True)
class Country:
    """One country. ``share`` is its weight among all; the first of ``zones`` is where most people live."""

    code: str
    share: int
    locale: str
    zones: tuple[str, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]


_SPANISH_FIRST = (
    "María", "Sofía", "Valentina", "Camila", "Lucía", "Martina", "Juan", "Santiago", "Mateo", "Nicolás", "Diego",
    "Joaquín", "Ana Laura", "José Luis", "maria jose",
)  # fmt: skip
_SPANISH_LAST = (
    "Rodríguez", "González", "Fernández", "Pérez", "Silva", "Núñez", "Martínez", "Suárez", "Álvarez", "de los Santos",
    "Muñoz", "Ibáñez",
)  # fmt: skip

COUNTRIES: tuple[Country, ...] = (
    Country("UY", 24, "es-UY", ("America/Montevideo",), _SPANISH_FIRST, (*_SPANISH_LAST, "Etcheverry", "Bentancor")),
    Country(
        "AR", 18, "es-AR", ("America/Argentina/Buenos_Aires", "America/Argentina/Cordoba", "America/Argentina/Mendoza"),
        _SPANISH_FIRST, (*_SPANISH_LAST, "Bianchi", "Giménez", "Acuña"),
    ),
    Country(
        "BR", 14, "pt-BR", ("America/Sao_Paulo", "America/Manaus", "America/Fortaleza"),
        ("João", "Ana Beatriz", "Luís", "Gabriela", "Thiago", "Larissa", "Antônio", "Conceição", "Caíque"),
        ("da Silva", "Souza", "Gonçalves", "Araújo", "dos Santos", "Magalhães", "Falcão"),
    ),
    Country("CL", 8, "es-CL", ("America/Santiago", "Pacific/Easter"), _SPANISH_FIRST, (*_SPANISH_LAST, "Sepúlveda")),
    Country("CO", 8, "es-CO", ("America/Bogota",), _SPANISH_FIRST, (*_SPANISH_LAST, "Restrepo", "Ospina")),
    Country(
        "MX", 10, "es-MX", ("America/Mexico_City", "America/Tijuana", "America/Cancun"),
        _SPANISH_FIRST, (*_SPANISH_LAST, "Hernández", "Xicoténcatl"),
    ),
    Country(
        "US", 6, "en-US", ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
        ("Emily", "James", "Olivia", "Michael", "Mary-Ann", "DeShawn"), ("Smith", "O'Brien", "Johnson", "Nguyen"),
    ),
    Country(
        "ES", 6, "es-ES", ("Europe/Madrid", "Atlantic/Canary"),
        ("Iker", "Núria", "Carmen", "Álvaro", "Ainhoa"), ("García", "Etxeberria", "Puig i Ferrer", "Castaño"),
    ),
    Country(
        "DE", 3, "de-DE", ("Europe/Berlin",),
        ("Jürgen", "Anna", "Björn", "Hannah", "Jörg"), ("Müller", "von der Heide", "Weiß", "Schröder"),
    ),
    Country(
        "IN", 3, "en-IN", ("Asia/Kolkata",),
        ("Priya", "Arjun", "प्रिया", "Rahul", "Ananya"), ("Sharma", "Iyer", "Patel", "शर्मा"),
    ),
)  # fmt: skip
_SHARES = [country.share for country in COUNTRIES]


def some_country(random: Random) -> Country:
    """A country by its share."""
    return random.choices(COUNTRIES, _SHARES)[0]


def some_zone(country: Country, random: Random) -> str:
    """A zone of the country, mostly its first."""
    return country.zones[0] if random.random() < 0.7 else random.choice(country.zones)


def some_phone(country: Country, random: Random) -> str:
    """A mobile number in E.164 that its country's numbering plan allows."""
    example = phonenumbers.example_number_for_type(country.code, phonenumbers.PhoneNumberType.MOBILE)
    assert example is not None, "every country of ours has mobile numbers"  # noqa: S101 - for the type checker
    digits = phonenumbers.national_significant_number(example)
    while True:
        number = f"+{example.country_code}{digits[:-6]}{random.randrange(10**6):06d}"
        if phonenumbers.is_valid_number(phonenumbers.parse(number)):
            return number

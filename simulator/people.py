"""Who buys in the simulated shop: invented people, some registered, some guests, some with awkward names."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.markets import Place


@dataclass(frozen=True, kw_only=True)
class Person:
    """`customer_id` 0 is a guest. A few guests left no e-mail address."""

    customer_id: int
    first_name: str
    last_name: str
    company: str
    email: str
    phone: str
    street: str
    place: Place


_FIRST = (
    *("Ava", "Ben", "Carla", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kofi", "Lena", "Mateo"),
    *("Nadia", "Omar", "Pia", "Quentin", "Rosa", "Sami", "Tilda", "Uma", "Viktor", "Wanda", "Ximena", "Yusuf", "Zoé"),
)
_LAST = (
    *("Abbott", "Bergström", "Castellan", "Dupont", "Eriksen", "Farrow", "Gutiérrez", "Hollis", "Ivanova", "Jansen"),
    *("Kowalski", "Lindqvist", "Marlowe", "Núñez", "Okafor", "Petersen", "Quill", "Rossi", "Svensson", "Tanaka"),
    *("Underhill", "Vargas", "Whitlock", "Yilmaz", "Zeller"),
)
_AWKWARD = (
    ("Łukasz", "Żółć"),
    ("Mia 🌻", "Sunfield"),
    ("美咲", "田中"),
    ("Smith: Sons", "& Co."),
    ("O'Brien", 'van "der" Berg'),
    ("Maximiliane Friederike Charlotte Wilhelmine Theodora", "von und zu Hohenfels-Lichtenwald-Brandenstein-Meerburg"),
)
_COMPANIES = (
    "Acorn Studio",
    "Blue Door Café",
    "Harbor: Supply",
    "Mill & Stone Ltd",
    "Northlight GmbH",
    "Ödland Design",
)


def people(seed: int, count: int, places: Sequence[Place]) -> list[Person]:
    """`count` people, the same ones for the same seed: seven in ten registered, the others guests."""
    source = random.Random(f"people {seed}")
    return [_person(source, number, places) for number in range(1, count + 1)]


def _person(source: random.Random, number: int, places: Sequence[Place]) -> Person:
    guest = source.random() < 0.3
    first, last = source.choice(_AWKWARD) if source.random() < 0.08 else (source.choice(_FIRST), source.choice(_LAST))
    place = source.choice(places)
    nameless = guest and source.random() < 0.12
    return Person(
        customer_id=0 if guest else number,
        first_name=first,
        last_name=last,
        company=source.choice(_COMPANIES) if source.random() < 0.2 else "",
        email="" if nameless else f"buyer{number}@example.com",
        phone=f"555-01{number % 100:02d}" if source.random() < 0.6 else "",
        street=f"{source.randrange(1, 999)} Example Street",
        place=place,
    )

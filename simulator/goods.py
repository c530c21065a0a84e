"""What the simulated shop sells."""

import random
from dataclasses import dataclass
from decimal import Decimal

TAX_CLASSES = {"standard": 0, "exempt": 1, "reduced": 4}


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product with one variant. `price` is what the shop enters, with or without tax; `tax` names its class."""

    product_id: int
    variant_id: int
    sku: str
    name: str
    price: Decimal
    tax: str
    kind: str
    tracked: bool


def variant_id(product_id: int, place: int) -> int:
    """The id of a product's variant at `place`, from 1 on: one that no other variant has, of up to 600 a product."""
    return product_id + 10_000 * place if product_id < 10_000 else 1_000 * product_id + place


_MATERIALS = ("Oak", "Linen", "Ceramic", "Brass", "Cork", "Glass", "Felt", "Slate", "Bamboo", "Wool")
_THINGS = ("Bowl", "Lamp", "Tray", "Vase", "Stool", "Mirror", "Basket", "Clock", "Coaster", "Candle", "Frame", "Shelf")
_ODD_NAMES = (
    "Café Crème – Tasse à café",
    "Schlüsselbrett: Größe L",
    "抹茶碗 Matcha Bowl 🍵",
    'Poster "Ciel & Mer" 30×40',
    "Handwoven Blanket in Undyed Highland Wool with Fringes on Two Sides, Moth-Proofed, Made to Order, Colour May Vary",
)


def catalogue(seed: int, size: int = 60) -> list[Product]:
    """`size` products, the same ones for the same seed. About one in ten is digital, half of the others are tracked."""
    source = random.Random(f"catalogue {seed}")
    return [_product(source, number) for number in range(1, size + 1)]


def _product(source: random.Random, number: int) -> Product:
    digital = number % 10 == 0
    name = _name(source, number)
    return Product(
        product_id=100 + number,
        variant_id=variant_id(100 + number, 1),
        sku=f"{'DL' if digital else 'SKU'}-{number:04d}",
        name=f"{name} (download)" if digital else name,
        price=Decimal(source.choice((99, 250, 499, 795, 1250, 1999, 2400, 3495, 4900, 8999, 12950))) / 100,
        tax="standard" if digital else source.choices(("standard", "reduced", "exempt"), (75, 15, 10))[0],
        kind="digital" if digital else "physical",
        tracked=not digital and source.random() < 0.5,
    )


def _name(source: random.Random, number: int) -> str:
    if number % 9 == 0:
        return _ODD_NAMES[number // 9 % len(_ODD_NAMES)]
    return f"{source.choice(_MATERIALS)} {source.choice(_THINGS)} No. {number}"

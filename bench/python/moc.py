import mocpy
from mocpy import MOC

packages = [mocpy]


def prepare(a, b):
    a = MOC.from_fits(a)
    b = MOC.from_fits(b)
    return {
        "union": lambda: a.union(b).sky_fraction,
        "intersection": lambda: a.intersection(b).sky_fraction,
        "difference": lambda: a.difference(b).sky_fraction,
        "complement": lambda: a.complement().sky_fraction,
        "degrade": lambda: a.degrade_to_order(6).sky_fraction,
    }

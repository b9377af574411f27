"""What a notebook does with a multi-order map: read it, areas of 50 and 90 %, distance. No MOC, no contours."""

import io

import astropy
import healpy
import numpy as np
from astropy.table import Table

packages = [astropy, healpy]


def prepare(map):
    with open(map, "rb") as file:
        content = file.read()

    def run():
        table = Table.read(io.BytesIO(content), format="fits")
        uniq = np.asarray(table["UNIQ"])
        order = (np.log2(uniq // 4) // 2).astype(int)
        areas = healpy.nside2pixarea(2**order)
        density = np.asarray(table["PROBDENSITY"], dtype=float)
        by_density = np.argsort(-density)
        area = np.concatenate([[0], np.cumsum(areas[by_density])])
        held = np.concatenate([[0], np.cumsum((density * areas)[by_density])])
        a50, a90 = np.interp([0.5, 0.9], held / held[-1], area) * (180 / np.pi) ** 2
        return float(a90)

    return {"summary": run}

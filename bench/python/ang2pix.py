import healpy
import numpy as np

packages = [healpy]


def prepare(lon, lat):
    lon = np.fromfile(lon)
    lat = np.fromfile(lat)
    pixels = None

    def run():
        nonlocal pixels
        pixels = healpy.ang2pix(2**29, lon, lat, nest=True, lonlat=True)

    def checked():
        return str(np.bitwise_xor.reduce(pixels))

    return {"pixels": run, "checksum": checked}

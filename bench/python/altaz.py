import warnings

import astropy
import astropy.units as u
import numpy as np
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils import iers

packages = [astropy]
iers.conf.auto_download = False
iers.conf.auto_max_age = None
warnings.simplefilter("ignore")


def prepare(ra, dec, mjd, longitude, latitude, height):
    place = EarthLocation.from_geodetic(longitude * u.deg, latitude * u.deg, height * u.m)
    frame = AltAz(obstime=Time(mjd, format="mjd", scale="utc"), location=place)
    sky = SkyCoord(np.fromfile(ra) * u.deg, np.fromfile(dec) * u.deg)

    def run():
        there = sky.transform_to(frame)
        return float(np.sum(there.alt.deg))

    return {"altaz": run}

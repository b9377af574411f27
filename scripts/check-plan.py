"""Checks a plan against its telescopes with astropy, sharing no code with the planner.

Usage: python3 check-plan.py PLAN.json TELESCOPES.json [--step 10] [--cadence SECONDS] [--visits N] [--json]

PLAN.json: an array of exposures, or an object with the array under "exposures" or "items"; of each exposure are read telescope, ra,
dec (ICRS degrees), start (ISO 8601 UTC), exposureS, slewS, filterChangeS, readoutS, filter and, where they are, field and
visit. TELESCOPES.json: an array (or an object with "telescopes" or "items") of definitions as `GET /api/v1/telescopes/{slug}`
gives them.

Every exposure is looked at from its start to its end, at least every `--step` seconds: Sun, altitude, horizon, airmass
(sec z), hour angle, Moon (its separation while its centre is above the horizon of the site), for apparent places without
refraction; declination and galactic latitude as catalogued. Exposures of one telescope must leave time for readout, slew,
filter change and overhead; slews are reckoned anew. Visits to a field must be `--cadence` seconds apart, and `--visits` in
number, where these are given.

Each violation is one line. Exit status: 0 none, 1 some, 2 the input cannot be read.
"""

import argparse
import json
import sys
import warnings

import numpy as np

try:
    import astropy.units as u
    from astropy.coordinates import AltAz, EarthLocation, HADec, SkyCoord, get_body
    from astropy.time import Time, TimeDelta
    from astropy.utils import iers
except ImportError:
    sys.exit("check-plan.py needs astropy 5 or later: pip install astropy")

# Starts are written to the millisecond.
ROUNDING_S = 0.002


def quiet():
    """No network, no warnings: UT1 beyond the tables is off by less than 0.01 degrees of altitude."""
    warnings.simplefilter("ignore")
    iers.conf.auto_download = False
    iers.conf.iers_degraded_accuracy = "warn"


def location_of(site):
    return EarthLocation.from_geodetic(
        site["longitude"] * u.deg, site["latitude"] * u.deg, site["elevationM"] * u.m
    )


def horizon_altitude(points, azimuth):
    """Straight lines between points, closed over north."""
    order = sorted(
        range(len(points)), key=lambda i: (points[i]["azimuthDeg"] % 360, -points[i]["azimuthDeg"], i)
    )
    az = np.array([points[i]["azimuthDeg"] % 360 for i in order])
    alt = np.array([points[i]["altitudeDeg"] for i in order], dtype=float)
    az = np.concatenate([[az[-1] - 360], az, [az[0] + 360]])
    alt = np.concatenate([[alt[-1]], alt, [alt[0]]])
    return np.interp(azimuth, az, alt)


def bodies(site, times):
    """Sun and Moon over a site: altitudes in degrees, and the Moon's place."""
    location = location_of(site)
    frame = AltAz(obstime=times, location=location)
    moon = get_body("moon", times, location)
    return {
        "sunAltitude": get_body("sun", times, location).transform_to(frame).alt.deg,
        "moonAltitude": moon.transform_to(frame).alt.deg,
        "moon": moon,
    }


def sky(site, times, ra, dec, over=None):
    """What limits speak of, degrees and hours; one ICRS direction, or one per time. `over`: bodies of these times."""
    location = location_of(site)
    field = SkyCoord(ra * u.deg, dec * u.deg)
    here = field.transform_to(AltAz(obstime=times, location=location))
    over = over or bodies(site, times)
    hour_angle = field.transform_to(HADec(obstime=times, location=location)).ha
    return {
        "altitude": here.alt.deg,
        "azimuth": here.az.deg,
        "hourAngle": hour_angle.wrap_at(12 * u.hourangle).hour,
        "sunAltitude": over["sunAltitude"],
        "moonAltitude": over["moonAltitude"],
        "moonSeparation": over["moon"].separation(field).deg,
    }


def broken(limits, seen, ra, dec):
    """Yields (what, true where it is broken, the values and the limit) for each limit."""
    low = limits.get("altitudeMinDeg")
    if low is not None:
        yield "altitude", seen["altitude"] < low, seen["altitude"], f"below {low}°"
    high = limits.get("altitudeMaxDeg")
    if high is not None:
        yield "altitude", seen["altitude"] > high, seen["altitude"], f"above {high}°"
    if limits.get("horizon"):
        line = horizon_altitude(limits["horizon"], seen["azimuth"])
        yield "horizon", seen["altitude"] < line, seen["altitude"], "below the horizon line"
    if limits.get("airmassMax") is not None:
        sine = np.sin(np.radians(seen["altitude"]))
        airmass = np.where(sine > 0, 1 / np.where(sine > 0, sine, 1), np.inf)
        yield "airmass", airmass > limits["airmassMax"], airmass, f"over {limits['airmassMax']}"
    sun = limits.get("sunAltitudeMaxDeg")
    if sun is not None:
        yield "Sun", seen["sunAltitude"] > sun, seen["sunAltitude"], f"above {sun}°"
    for name, sign, word in (("hourAngleMinHours", -1, "before"), ("hourAngleMaxHours", 1, "after")):
        edge = limits.get(name)
        if edge is not None and abs(edge) < 12:
            yield "hour angle", sign * (seen["hourAngle"] - edge) > 0, seen["hourAngle"], f"{word} {edge} h"
    top = limits.get("moonAltitudeMaxDeg")
    if top is not None:
        yield "Moon altitude", seen["moonAltitude"] > top, seen["moonAltitude"], f"above {top}°"
    near = limits.get("moonSeparationMinDeg")
    if near is not None:
        close = (seen["moonAltitude"] > 0) & (seen["moonSeparation"] < near)
        yield "Moon separation", close, seen["moonSeparation"], f"below {near}° with the Moon up"
    everywhere = np.ones(np.shape(seen["altitude"]), dtype=bool)
    for name, sign, word in (("decMinDeg", -1, "below"), ("decMaxDeg", 1, "above")):
        edge = limits.get(name)
        if edge is not None:
            yield "declination", everywhere & (sign * (dec - edge) > 0), everywhere * dec, f"{word} {edge}°"
    plane = limits.get("galacticLatitudeMinDeg")
    if plane is not None:
        b = np.abs(SkyCoord(ra * u.deg, dec * u.deg).galactic.b.deg)
        yield "galactic latitude", everywhere & (b < plane), everywhere * b, f"below {plane}°"


def allowed(limits, seen, ra, dec):
    """True where no limit is broken."""
    good = np.ones(np.shape(seen["altitude"]), dtype=bool)
    for _, bad, _, _ in broken(limits, seen, ra, dec):
        good &= ~bad
    return good


def axis_seconds(axis, degrees):
    speed, push = axis["rateDegPerS"], axis.get("accelerationDegPerS2")
    if push is None:
        return degrees / speed
    ramp = speed**2 / push
    return degrees / speed + speed / push if degrees >= ramp else 2 * np.sqrt(degrees / push)


def turn(a, b):
    """The shorter way round, degrees."""
    return abs((a - b + 180) % 360 - 180)


def slew_seconds(telescope, before, after, leaving):
    """From one exposure's field to the next one's, both where they stand when the telescope leaves."""
    slew = telescope["slew"]
    a = SkyCoord(before["ra"] * u.deg, before["dec"] * u.deg)
    b = SkyCoord(after["ra"] * u.deg, after["dec"] * u.deg)
    apart = a.separation(b).deg
    if apart < 1e-7:
        return 0.0
    if slew["mount"] == "direct":
        return axis_seconds(slew["axis"], apart) + slew["settleS"]
    location = location_of(telescope["site"])
    if slew["mount"] == "equatorial":
        frame = HADec(obstime=leaving, location=location)
        a, b = a.transform_to(frame), b.transform_to(frame)
        ways = [
            axis_seconds(slew["hourAngle"], turn(a.ha.deg, b.ha.deg)),
            axis_seconds(slew["declination"], abs(a.dec.deg - b.dec.deg)),
        ]
    else:
        frame = AltAz(obstime=leaving, location=location)
        a, b = a.transform_to(frame), b.transform_to(frame)
        ways = [
            axis_seconds(slew["azimuth"], turn(a.az.deg, b.az.deg)),
            axis_seconds(slew["altitude"], abs(a.alt.deg - b.alt.deg)),
        ]
    return float(max(ways)) + slew["settleS"]


def name_of(exposure):
    field = exposure.get("field") or f"{exposure['ra']:.4f} {exposure['dec']:+.4f}"
    return f"{exposure['telescope']} {exposure['start']} {field} {exposure['filter']}"


def check_limits(telescope, exposures, step):
    """Every exposure of one telescope in one go; names the first moment of each broken limit."""
    limits = telescope["limits"]
    offsets, owner = [], []
    for i, exposure in enumerate(exposures):
        count = max(1, int(np.ceil(exposure["exposureS"] / step)))
        offsets.append(np.linspace(0, exposure["exposureS"], count + 1))
        owner.append(np.full(count + 1, i))
    offsets, owner = np.concatenate(offsets), np.concatenate(owner)
    times = Time([e["time"].isot for e in exposures], scale="utc")[owner] + TimeDelta(offsets, format="sec")
    ra = np.array([e["ra"] for e in exposures], dtype=float)[owner]
    dec = np.array([e["dec"] for e in exposures], dtype=float)[owner]
    seen = sky(telescope["site"], times, ra, dec)
    for what, bad, values, words in broken(limits, seen, ra, dec):
        for i in np.unique(owner[bad]):
            first = np.flatnonzero(bad & (owner == i))[0]
            yield (
                f"{name_of(exposures[i])}: {what} {values[first]:.4f} is {words} "
                f"{offsets[first]:.0f} s after the start"
            )


def check_order(telescope, exposures):
    """Room between exposures of one telescope; `exposures` in order of time."""
    for before, after in zip(exposures, exposures[1:]):
        ends = before["time"] + TimeDelta(before["exposureS"], format="sec")
        gap = (after["time"] - ends).sec
        if gap < -ROUNDING_S:
            yield f"{name_of(after)}: begins {-gap:.1f} s before the exposure of {before['start']} ends"
            continue
        blocks = telescope["readoutBlocksSlew"]
        readout, slew = telescope["readoutS"], slew_seconds(
            telescope, before, after, ends + TimeDelta(telescope["readoutS"] if blocks else 0, format="sec")
        )
        change = telescope["filterChangeS"] if before["filter"] != after["filter"] else 0
        need = (readout + slew if blocks else max(readout, slew)) + change + telescope["overheadS"]
        if gap < need - ROUNDING_S:
            yield (
                f"{name_of(after)}: {gap:.1f} s after the exposure before, {need:.1f} s are needed "
                f"(readout {readout:g}, slew {slew:.1f}, filter {change:g}, overhead {telescope['overheadS']:g})"
            )
        for key, least in (("slewS", slew), ("filterChangeS", change)):
            if after.get(key) is not None and after[key] < least - 0.5:
                yield f"{name_of(after)}: states a {key} of {after[key]:.1f} where {least:.1f} is needed"
        if before.get("readoutS") is not None and before["readoutS"] < readout - ROUNDING_S:
            yield f"{name_of(before)}: states a readout of {before['readoutS']:g} s, the camera takes {readout:g} s"


def check_visits(exposures, cadence, visits):
    """Cadence and number of visits to each field of one telescope."""
    fields = {}
    for exposure in exposures:
        key = exposure.get("field") or (round(exposure["ra"], 6), round(exposure["dec"], 6))
        fields.setdefault(key, {}).setdefault(exposure.get("visit", 0), exposure)
    for begun in fields.values():
        starts = sorted(begun.values(), key=lambda e: e["time"].mjd)
        if visits is not None and len(starts) != visits:
            yield f"{name_of(starts[0])}: the field has {len(starts)} visits, {visits} are asked"
        for before, after in zip(starts, starts[1:]):
            apart = (after["time"] - before["time"]).sec
            if cadence is not None and apart < cadence - ROUNDING_S:
                yield f"{name_of(after)}: {apart:.1f} s after the visit before, {cadence:g} s are asked"


def check_definition(telescope, exposure):
    filters = [f["name"] for f in telescope.get("filters", [])]
    if filters and exposure["filter"] not in filters:
        yield f"{name_of(exposure)}: the telescope has no such filter"
    longest = telescope.get("maxExposureS")
    if longest is not None and exposure["exposureS"] > longest:
        yield f"{name_of(exposure)}: exposes {exposure['exposureS']:g} s, at most {longest:g} s are possible"


def violations(plan, telescopes, step=10.0, cadence=None, visits=None):
    """Every violation in words; empty for a good plan."""
    known = {telescope["slug"]: telescope for telescope in telescopes}
    mine = {}
    for exposure in plan:
        exposure = {**exposure, "time": Time(exposure["start"].replace("Z", ""), scale="utc", precision=6)}
        mine.setdefault(exposure["telescope"], []).append(exposure)
    found = []
    for slug, exposures in mine.items():
        telescope = known.get(slug)
        if telescope is None:
            found.append(f"{slug}: the telescope is not among the definitions")
            continue
        exposures.sort(key=lambda e: e["time"].mjd)
        for exposure in exposures:
            found.extend(check_definition(telescope, exposure))
        if telescope.get("ground", True):
            found.extend(check_limits(telescope, exposures, step))
        found.extend(check_order(telescope, exposures))
        found.extend(check_visits(exposures, cadence, visits))
    return found


def read(path, key):
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    items = content.get(key, content.get("items")) if isinstance(content, dict) else content
    if isinstance(content, dict) and items is None and "slug" in content:
        items = [content]
    if not isinstance(items, list):
        raise ValueError(f'{path} holds neither an array nor an object with "{key}".')
    return items


def main():
    parser = argparse.ArgumentParser(description="Checks a plan against its telescopes with astropy.")
    parser.add_argument("plan", help="exposures, JSON")
    parser.add_argument("telescopes", help="definitions, JSON")
    parser.add_argument("--step", type=float, default=10.0, help="seconds between looks at an exposure")
    parser.add_argument("--cadence", type=float, help="least seconds between starts of visits to a field")
    parser.add_argument("--visits", type=int, help="visits that each field must have")
    parser.add_argument("--json", action="store_true", help="violations as a JSON array")
    given = parser.parse_args()
    quiet()
    try:
        plan, telescopes = read(given.plan, "exposures"), read(given.telescopes, "telescopes")
        found = violations(plan, telescopes, given.step, given.cadence, given.visits)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        print(f"check-plan.py: {reason}", file=sys.stderr)
        sys.exit(2)
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print("\n".join(found) if found else f"{len(plan)} exposures, no violation.")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

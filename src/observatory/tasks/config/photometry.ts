import { z } from 'zod'
import { auto, flag, keysOf, order, positive, text } from './key.ts'

const key = keysOf('photometry')

/** Detection, measurement, astrometry and zero point. */
export const photometryKeys = {
  sn: key(positive.default(5), {
    title: 'S/N',
    doc: 'Least S/N of the aperture flux of a measured object.',
  }),
  initial_aper: key(positive.default(3), {
    title: 'First aperture',
    unit: 'pix',
    doc: 'Radius in which detections are first measured, before the seeing is known.',
  }),
  initial_r0: key(z.number().min(0).max(50).default(0), {
    title: 'Smoothing',
    unit: 'pix',
    doc: 'σ of a Gaussian that smooths the image for detection; 0: none.',
  }),
  minarea: key(z.number().int().min(1).max(10_000).default(5), {
    title: 'Least area',
    unit: 'pix',
    doc: 'Connected pixels above the threshold that make an object.',
  }),
  bg_size: key(auto(z.number().int().min(8).max(4_096)), {
    title: 'Background mesh',
    unit: 'pix',
    auto: '256, or half of the smaller side where that is below 512',
    doc: 'Side of the cells in which the background is estimated.',
  }),
  fwhm_override: key(auto(positive), {
    title: 'FWHM',
    unit: 'pix',
    auto: 'measured',
    doc: 'Seeing to use instead of the measured one.',
  }),
  prefilter_detections: key(flag(true), {
    title: 'Filter by shape',
    doc: 'Flag objects whose size, width or peak is unlike the stars around them (they are kept, with flag 0x800).',
  }),
  rel_aper: key(positive.default(1), {
    title: 'Aperture',
    unit: 'FWHM',
    doc: 'Radius of the aperture.',
  }),
  rel_bg1: key(positive.default(5), {
    title: 'Sky annulus from',
    unit: 'FWHM',
    doc: 'Inner radius of the local sky annulus.',
  }),
  rel_bg2: key(positive.default(7), {
    title: 'Sky annulus to',
    unit: 'FWHM',
    doc: 'Outer radius of the local sky annulus.',
  }),
  optimal_extraction: key(flag(false), {
    title: 'Optimal extraction',
    doc: 'Weight pixels by the profile (Naylor 1998) instead of summing them.',
  }),
  psf_photometry: key(flag(false), {
    title: 'PSF photometry',
    doc: 'Model the PSF from the frame and add PSF fluxes to the table.',
  }),
  cat_mag_lower: key(auto(z.number()), {
    title: 'Brightest calibrator',
    unit: 'mag',
    auto: 'no limit',
    doc: 'Stars of the catalogue brighter than this do not calibrate.',
  }),
  cat_mag_upper: key(auto(z.number()), {
    title: 'Faintest calibrator',
    unit: 'mag',
    auto: 'no limit',
    doc: 'Stars of the catalogue fainter than this do not calibrate.',
  }),
  spatial_order: key(order(2, 6), {
    title: 'Spatial order',
    doc: 'Order of the polynomial of the zero point over the frame.',
  }),
  use_color: key(flag(true), {
    title: 'Fit a colour term',
    doc: 'Fit how the zero point depends on colour. Magnitudes then are in the instrumental system; the colour term to the catalogue system stands beside them.',
  }),
  force_color_term: key(auto(z.number().min(-5).max(5)), {
    title: 'Colour term',
    auto: 'fitted',
    doc: 'Colour term to use instead of a fitted one.',
  }),
  nonlin: key(flag(false), {
    title: 'Non-linearity',
    doc: 'Fit a term linear in the instrumental magnitude.',
  }),
  bg_order: key(auto(z.number().int().min(0).max(6)), {
    title: 'Additive flux order',
    auto: 'none',
    doc: 'Order of a polynomial of flux added to every object (background left over).',
  }),
  sr_override: key(auto(positive), {
    title: 'Matching radius',
    unit: 'arcsec',
    auto: 'half of the FWHM',
    doc: 'Radius within which an object and a star of the catalogue are the same.',
  }),
  filter_blends: key(flag(true), {
    title: 'Drop blended stars',
    doc: 'Stars of the catalogue with another within 2 FWHM do not calibrate.',
  }),
  zero_point_floor: key(z.number().min(0).max(0.5).default(0), {
    title: 'Zero point error floor',
    unit: 'mag',
    doc: 'Least error of the zero point, added in quadrature; the log also gives the scatter of binned residuals.',
  }),
  refine_wcs: key(flag(true), {
    title: 'Refine the astrometry',
    doc: 'Fit the astrometric solution anew to the catalogue, with distortion.',
  }),
  refine_order: key(order(3, 7), {
    title: 'Distortion order',
    doc: 'Highest order of the distortion polynomial of the refined solution; the stars decide how much of it is used.',
  }),
  blind_match_wcs: key(flag(false), {
    title: 'Solve blindly',
    doc: 'Find the position from the pattern of stars even where the header has a WCS; done anyway where it has none that can be used.',
  }),
  blind_match_center: key(text(), {
    title: 'Solve near',
    doc: 'Name or coordinates near which to look; empty: the primary target, else the whole sky.',
  }),
  blind_match_sr0: key(positive.default(2), {
    title: 'Solve within',
    unit: 'deg',
    doc: 'Radius around that place.',
  }),
  blind_match_ps_lo: key(positive.default(0.2), {
    title: 'Pixel scale from',
    unit: 'arcsec/pix',
    doc: 'Smallest pixel scale that is tried.',
  }),
  blind_match_ps_up: key(positive.default(4), {
    title: 'Pixel scale to',
    unit: 'arcsec/pix',
    doc: 'Largest pixel scale that is tried.',
  }),
  centroid_targets: key(flag(false), {
    title: 'Centre targets',
    doc: 'Move the aperture of a target to the centre of light near its position.',
  }),
  cutout_size: key(z.number().int().min(5).max(500).default(30), {
    title: 'Cut-out half size',
    unit: 'pix',
    doc: 'Half of the side of cut-outs.',
  }),
  cutout_survey: key(flag(true), {
    title: 'Survey beside cut-outs',
    doc: 'Put the same area as Pan-STARRS, SkyMapper or 2MASS saw it beside targets and candidates (hips2fits is asked for it).',
  }),
  diagnose_color: key(flag(false), {
    title: 'Diagnose the filter',
    doc: 'Fit every band of the catalogue and print its colour term; the smallest tells which filter this is.',
  }),
  inspect_bg: key(flag(false), {
    title: 'Save background maps',
    doc: 'Write image_bg.fits and image_rms.fits.',
  }),
  inject_stars: key(z.number().int().min(0).max(100_000).default(0), {
    title: 'Artificial stars',
    doc: "Put so many stars of the frame's own point spread into copies of it, and say how many are found again by magnitude (completeness.parquet); 0: none. At least 10; 500 tell the limits to some hundredths of a magnitude.",
  }),
  inject_from: key(auto(z.number().min(-5).max(40)), {
    title: 'Artificial stars from',
    unit: 'mag',
    auto: '2.5 mag brighter than the limit',
    doc: 'Brightest artificial star.',
  }),
  inject_to: key(auto(z.number().min(-5).max(40)), {
    title: 'Artificial stars to',
    unit: 'mag',
    auto: '1.5 mag fainter than the limit',
    doc: 'Faintest artificial star.',
  }),
  inject_seed: key(z.number().int().min(0).max(4_294_967_295).default(1), {
    title: 'Seed of artificial stars',
    doc: 'The same seed puts the same stars in the same places.',
  }),
} as const

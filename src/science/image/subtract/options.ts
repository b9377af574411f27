/** What image subtraction is asked and what it answers, whatever the method. */
import type { Mask, Plane } from '#science/image/plane.ts'
import type { KernelModel } from './model.ts'

/**
 * Noise of a plane: a plane of σ in ADU, or what it follows from. `gain` is in e⁻/ADU (none: no photon noise), `rms` the noise of the sky
 * in ADU, `readNoise` in e⁻, `level` the sky in ADU. Without `rms` and `readNoise` the noise of the sky is measured.
 */
export type NoiseInput = Plane | { gain?: number; rms?: number; readNoise?: number; level?: number }

/** One of the two frames. All planes have the same size. */
export interface SubtractInput {
  plane: Plane
  /** Any bit: not used. */
  mask?: Mask | null
  noise?: NoiseInput
  /** ADU at and above which a pixel is saturated. */
  saturation?: number
  /** Pixels; measured on stars unless given. */
  fwhm?: number
}

export interface Positions {
  x: ArrayLike<number>
  y: ArrayLike<number>
}

/** The kernel's shape: Gaussians times polynomials. */
export interface BasisOptions {
  /** Half width in pixels. */
  halfWidth: number
  /** σ of the Gaussians in pixels, and the degree of the polynomial that goes with each. */
  widths: readonly number[]
  degrees: readonly number[]
}

export interface SubtractOptions {
  /** Which frame is convolved: the template, the science frame, or the one that gives the deeper difference. */
  direction?: 'auto' | 'template' | 'science'
  /** What is not given follows from the FWHMs. */
  basis?: Partial<BasisOptions>
  /** Order of the kernel's variation over the frame. Default 2; less where there are too few stars. */
  kernelOrder?: number
  /** Order of the variation of the kernel's sum, the photometric scale. Default 0: constant. */
  scaleOrder?: number
  /** Order of the difference in background. Default 1. */
  backgroundOrder?: number
  /** Where to find stars for the fit; searched for unless given. */
  positions?: Positions
  /** Most stars used, and half width of the square around each. */
  stamps?: { most?: number; halfWidth?: number }
  /** A residual pixel further out than this many σ is left out of the fit. Default 4. */
  clip?: number
  /** Share of stars kept out of the fit to judge it. Default 0.1. */
  holdOut?: number
  /**
   * What the noise plane is for. Convolution correlates noise: `sources` (default) raises the convolved frame's variance so that the error
   * of a star's flux, added up from the plane as if pixels were independent, comes out right; `pixels` gives the scatter of single pixels.
   */
  noiseFor?: 'sources' | 'pixels'
  /** Also gives the convolved frame, background included. */
  convolved?: boolean
}

/** What became of one star of the fit. */
export interface StampReport {
  x: number
  y: number
  /** ADU of the reference frame within the square. */
  flux: number
  /** Mean square of residual over noise, clipped pixels left out. */
  chi2: number
  /** Sum of the residuals over flux. */
  residual: number
  use: 'fit' | 'held out' | 'rejected'
}

export interface SubtractDiagnostics {
  /** Sum of the kernel at the centre, its standard error where that is known, and its least and greatest over the frame. */
  kernelSum: { centre: number; error: number | null; least: number; greatest: number }
  /** Sum of the kernel's squares at the centre: how much it amplifies (above 1) or smooths noise. */
  noiseFactor: number
  /** By how much the convolved frame's variance was raised for correlation, see `noiseFor`; 1: not. */
  correlation: number
  /** Mean over stars of χ² per pixel. */
  chi2: { fit: number; heldOut: number | null }
  stamps: { found: number; fit: number; heldOut: number; rejected: number }
  clippedPixels: number
  /** Of the stars, in order of flux. */
  stars: StampReport[]
  fwhm: { science: number; template: number }
  /** Figures of merit of both directions, where both were tried; the lesser one won. */
  merit: { template: number; science: number } | null
  /** Share of pixels without a mask bit in the difference. */
  usable: number
  /** What was done otherwise than asked, and why: one sentence each. */
  notes: string[]
}

export interface Difference {
  method: 'al98' | 'zogy' | 'sfft'
  /** Science − template on the flux scale of the science frame. */
  difference: Plane
  /** σ in ADU, see `noiseFor`. */
  noise: Plane
  mask: Mask
  /** The convolved frame on the scale of the other, with its background. */
  convolved: Plane | null
  /** Which frame was convolved; of ZOGY, which convolves both, the one with the better seeing. */
  direction: 'template' | 'science'
  /** Science over template ADU of the same source, at the centre. */
  fluxScale: number
  diagnostics: SubtractDiagnostics
}

/** By a kernel that turns one frame into the other. */
export interface MatchedDifference extends Difference {
  method: 'al98' | 'sfft'
  kernel: KernelModel
}

import { z } from 'zod'
import { auto, flag, keysOf, order, positive, text } from './key.ts'

const key = keysOf('subtraction')

/** Subtraction of a template and the search on the difference. */
export const subtractionKeys = {
  template_fwhm_override: key(auto(positive), {
    title: 'FWHM of the template',
    unit: 'pix',
    auto: 'measured',
    doc: 'Seeing of the template on the grid of the frame.',
  }),
  custom_template_gain: key(auto(positive), {
    title: 'Gain of the template',
    unit: 'electron/adu',
    auto: 'from its header, else 10000',
    doc: 'Of an uploaded template; 10000 is as good as without noise of its own.',
  }),
  custom_template_saturation: key(auto(positive), {
    title: 'Saturation of the template',
    unit: 'adu',
    auto: 'from its header, else none',
    doc: 'Counts from which a pixel of an uploaded template is masked.',
  }),
  subtraction_mode: key(z.enum(['auto', 'detection', 'target']).default('auto'), {
    title: 'Mode',
    doc: '"detection": the whole frame, and candidates. "target": one piece around the primary target, which is measured. "auto": target where one was found on the frame, else detection.',
  }),
  subtraction_method: key(z.enum(['al98', 'zogy', 'sfft']).default('al98'), {
    title: 'Method',
    doc: 'al98: Alard & Lupton with Gaussians (as HOTPANTS); zogy: Zackay, Ofek & Gal-Yam; sfft: delta basis by Fourier transform.',
  }),
  sub_size: key(z.number().int().min(64).max(20_000).default(1_000), {
    title: 'Tile',
    unit: 'pix',
    doc: 'Side of the pieces in which the frame is subtracted; of the one piece in mode target.',
  }),
  sub_overlap: key(z.number().int().min(0).max(1_000).default(50), {
    title: 'Overlap',
    unit: 'pix',
    doc: 'How far a tile reaches beyond its borders; what two tiles find there is one object.',
  }),
  sub_decorrelate: key(flag(false), {
    title: 'Decorrelate the noise',
    doc: 'A further convolution makes the noise of the difference white, so that each pixel scatters by its noise; fluxes stay, point spreads get faint wings. For al98 and sfft of the built-in engine; the difference by zogy is white as it comes.',
  }),
  sub_verbose: key(flag(false), {
    title: 'Verbose',
    doc: 'Write the diagnostics of every tile to the log.',
  }),
  hotpants_extra: key(
    z.record(z.string().max(20), z.union([z.number(), z.string().max(100)])).default({ ko: 0, bgo: 0 }),
    {
      title: 'Kernel options',
      doc: 'Options of Alard–Lupton by their HOTPANTS names: ko (order of the kernel over a tile), bgo (of the background), r, rss, nsx …; the built-in method takes ko, bgo, r and rss, and refuses others.',
    },
  ),
  sfft_kernel_poly_order: key(order(0, 4), {
    title: 'SFFT kernel order',
    doc: 'Order of the polynomial of the kernel over a tile.',
  }),
  sfft_bg_poly_order: key(order(0, 4), {
    title: 'SFFT background order',
    doc: 'Order of the polynomial of the background over a tile.',
  }),
  sfft_flux_poly_order: key(order(0, 4), {
    title: 'SFFT flux scale order',
    doc: 'Order of the polynomial of the flux scale over a tile.',
  }),
  filter_center: key(text(), {
    title: 'Look near',
    doc: 'Name or coordinates around which to subtract and look; empty: the whole frame.',
  }),
  filter_sr0: key(positive.default(1), {
    title: 'Look within',
    unit: 'deg',
    doc: 'Radius around that place; without a place it is not used.',
  }),
  filter_prefilter: key(flag(true), {
    title: 'Drop odd shapes',
    doc: 'Detections of the difference whose shape is unlike the stars of the frame are no candidates.',
  }),
  filter_adjust: key(flag(true), {
    title: 'Test for misalignment',
    doc: 'A residual that a shift of at most 1 pixel and a scale within 5 % explain is no candidate; what changed by more is a source that varies.',
  }),
  filter_negative: key(flag(true), {
    title: 'Fading sources too',
    doc: 'Also look for sources fainter than on the template; their flux is negative.',
  }),
  filter_vizier: key(flag(false), {
    title: 'Drop known stars',
    doc: 'A candidate at the place of a star of the catalogues is none.',
  }),
  filter_skybot: key(flag(false), {
    title: 'Drop minor planets',
    doc: 'Ask for the minor planets of the field at the time of the frame; a candidate within 10″ of one is none.',
  }),
} as const

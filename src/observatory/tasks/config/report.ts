import { keysOf, text } from './key.ts'

const key = keysOf('report')

/** What is sent elsewhere. */
export const reportKeys = {
  skyportal_instrument_name: key(text(), {
    title: 'Instrument at SkyPortal',
    doc: 'Name of the instrument under which photometry is sent to SkyPortal; empty: the instrument of the frame.',
  }),
} as const

import { z } from 'zod'
import type { Section } from '#platform/config/config.ts'

/** Settings of the alerts room. */
export const alertsSection = {
  name: 'alerts',
  settings: {
    rules: {
      schema: z.array(z.string().min(1)).min(1).default(['urania', 'grandma']),
      doc: 'Rule sets applied to every notice, by name or file; the first is the one that lists show',
    },
    gracedbUrl: {
      schema: z.url({ protocol: /^https?$/ }).default('https://gracedb.ligo.org/api/'),
      doc: 'Address of GraceDB for "urania alerts fetch"',
    },
    fetchMaps: {
      schema: z.boolean().default(true),
      doc: 'Fetch sky maps that notices give by address',
    },
    localMaps: {
      schema: z.boolean().default(false),
      doc: 'Fetch maps also from private and local addresses; a notice could make this server read pages of your own network',
    },
  },
} as const satisfies Section

/** Where the live alerts come from. */
export const gcnSection = {
  name: 'gcn',
  settings: {
    clientId: {
      schema: z.string().nullable().default(null),
      doc: 'Client id of your GCN credential (gcn.nasa.gov); without it no stream is listened to',
    },
    clientSecret: { schema: z.string().nullable().default(null), doc: 'Its secret', secret: true },
    domain: {
      schema: z.string().default('gcn.nasa.gov'),
      doc: 'GCN domain: gcn.nasa.gov, test.gcn.nasa.gov, dev.gcn.nasa.gov',
    },
    brokers: {
      schema: z.array(z.string()).nullable().default(null),
      doc: 'host:port of Kafka brokers instead of those of the domain',
    },
    tokenUrl: {
      schema: z.url().nullable().default(null),
      doc: 'Address of the token endpoint instead of that of the domain',
    },
    tls: { schema: z.boolean().default(true), doc: 'Encrypt the connection to the brokers' },
    group: {
      schema: z.string().default('urania'),
      doc: 'Consumer group; the same on all machines of one observatory',
    },
    topics: {
      schema: z
        .array(z.string().min(1))
        .min(1)
        .default([
          'igwn.gwalert',
          'gcn.circulars',
          'gcn.notices.chime.frb',
          'gcn.notices.dsa110.frb',
          'gcn.notices.einstein_probe.wxt.alert',
          'gcn.notices.fermi.gbm',
          'gcn.notices.icecube.gold_bronze_track_alerts',
          'gcn.notices.icecube.lvk_nu_track_search',
          'gcn.notices.km3net',
          'gcn.notices.maxi.gsc.unknown',
          'gcn.notices.superk.sn_alert',
          'gcn.notices.svom.voevent.eclairs',
          'gcn.notices.svom.voevent.grm',
          'gcn.notices.svom.voevent.mxt',
          'gcn.notices.swift.bat.guano',
          'gcn.classic.voevent.SWIFT_BAT_GRB_POS_ACK',
          'gcn.classic.voevent.SWIFT_BAT_QL_POS',
          'gcn.classic.voevent.SWIFT_XRT_POSITION',
          'gcn.classic.voevent.SWIFT_UVOT_POS',
          'gcn.classic.voevent.FERMI_GBM_ALERT',
          'gcn.classic.voevent.FERMI_GBM_FLT_POS',
          'gcn.classic.voevent.FERMI_GBM_GND_POS',
          'gcn.classic.voevent.FERMI_GBM_FIN_POS',
          'gcn.classic.voevent.FERMI_LAT_GND',
          'gcn.classic.voevent.FERMI_LAT_OFFLINE',
          'gcn.classic.voevent.INTEGRAL_WAKEUP',
          'gcn.classic.voevent.INTEGRAL_REFINED',
          'gcn.classic.voevent.INTEGRAL_OFFLINE',
          'gcn.classic.voevent.ICECUBE_ASTROTRACK_GOLD',
          'gcn.classic.voevent.ICECUBE_ASTROTRACK_BRONZE',
          'gcn.classic.voevent.ICECUBE_CASCADE',
          'gcn.classic.voevent.MAXI_UNKNOWN',
        ]),
      doc: 'Topics listened to',
    },
    heartbeatTopic: {
      schema: z.string().nullable().default('gcn.heartbeat'),
      doc: 'Topic of one message a second that shows that the stream lives; null to do without',
    },
  },
} as const satisfies Section

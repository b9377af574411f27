// The package ships no types; only what the charts use is named here.
declare module 'd3-geo-projection' {
  import type { GeoProjection } from 'd3-geo'
  export function geoMollweide(): GeoProjection
}

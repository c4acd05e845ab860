export type { Locate, Place, PlaceDatabase } from "../place.ts";
export { FREE_DATABASES, type FreeDatabase } from "./free-database.ts";
export { type Geo, GEO_POLL_MS, type GeoFile, type GeoOptions, openGeo } from "./geo.ts";

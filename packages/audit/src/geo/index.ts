export type { Locate, Place, PlaceDatabase } from "../event/place.ts";
export { type Geo, type GeoFile, type GeoOptions, openGeo } from "./geo.ts";

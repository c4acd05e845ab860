import { isIP } from "node:net";
import { jsonLine } from "@wherefrom/core/internal";
import type { Endpoint } from "@wherefrom/core";
import type { Place, PlaceDatabase } from "../event/place.ts";
import { quote } from "./line-text.ts";

/** Both ends of a client's connection, as far as they are known. */
export interface Ends {
  readonly client: Endpoint | undefined;
  readonly peer: Endpoint | undefined;
  readonly place?: Place | undefined;
}

/** The address where a field of type ip takes it, and where JSON takes it as it is. */
export function ipOf(endpoint: Endpoint | undefined, isFull: boolean): string | undefined {
  return endpoint !== undefined && isIp(endpoint.address, isFull) ? endpoint.address : undefined;
}

/** Elasticsearch's type ip takes no zone (which node:net does), and no hash, whatever it looks like: an answer of a privacy's function may look like an address. What stands in full is one. */
export function isIp(text: string, isFull: boolean): boolean {
  return /^[\da-f]*[.:][\da-f.:]*$/.test(text) && (isFull || isIP(text) !== 0);
}

/** The client as `source` and as `client`, and the physical peer as its `nat`; the two texts are their addresses as `ipOf` has them. Undefined where neither has an address. */
export function endText(
  { client, peer, place }: Ends,
  clientIp: string | undefined,
  peerIp: string | undefined,
): string | undefined {
  const address = client?.address ?? peer?.address;
  if (address === undefined) return undefined;
  let text = `{"address":${address === clientIp ? `"${address}","ip":"${address}"` : quote(address)}`;
  if (client?.port !== undefined) text += `,"port":${client.port}`;
  if (peerIp !== undefined) {
    text += `,"nat":{"ip":"${peerIp}"${peer?.port === undefined ? "" : `,"port":${peer.port}`}}`;
  }
  if (place !== undefined) text += placeText(place);
  return `${text}}`;
}

/** `endText` as an object, in full privacy. */
export function endFields(client: Endpoint | undefined, peer: Endpoint | undefined): object | undefined {
  const text = endText({ client, peer }, ipOf(client, true), ipOf(peer, true));
  return text === undefined ? undefined : (JSON.parse(text) as object);
}

/** Texts of places and of their databases, which a Geo gives out again and again as the same objects. */
const placeTexts = new WeakMap<object, string>();

/** `geo` and `as`, with a comma before each. */
function placeText(place: Place): string {
  const known = placeTexts.get(place);
  if (known !== undefined) return known;
  const [geo, as] = [geoFields(place), systemFields(place)];
  const text = `${geo === undefined ? "" : `,"geo":${jsonLine(geo)}`}${as === undefined ? "" : `,"as":${jsonLine(as)}`}`;
  placeTexts.set(place, text);
  return text;
}

export function databasesText(databases: readonly PlaceDatabase[]): string {
  const text = placeTexts.get(databases) ?? jsonLine(databases);
  placeTexts.set(databases, text);
  return text;
}

function geoFields({ continent, country, region, regionName, city, latitude, longitude }: Place): object | undefined {
  const location = latitude === undefined || longitude === undefined ? undefined : { lat: latitude, lon: longitude };
  const fields = [continent, country, region, regionName, city, location];
  if (fields.every((field) => field === undefined)) return undefined;
  return {
    continent_code: continent,
    country_iso_code: country,
    region_iso_code: region,
    region_name: regionName,
    city_name: city,
    location,
  };
}

function systemFields({ asn, organization }: Place): object | undefined {
  if (asn === undefined && organization === undefined) return undefined;
  return { number: asn, organization: organization === undefined ? undefined : { name: organization } };
}

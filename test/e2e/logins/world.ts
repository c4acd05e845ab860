import type { Place } from "@wherefrom/audit";

/** A network operator of the made-up world. Its IPv4 addresses are `octet.0.0.0/8`, its IPv6 addresses `2001:<octet>::/32`. */
export interface Operator {
  readonly octet: number;
  readonly kind: "home" | "mobile" | "hosting" | "vpn" | "hidden-vpn";
  readonly place: Place;
}

const COUNTRIES: readonly (readonly [country: string, latitude: number, longitude: number])[] = [
  ["DE", 52.5, 13.4],
  ["GB", 51.5, -0.1],
  ["FR", 48.9, 2.3],
  ["ES", 40.4, -3.7],
  ["IT", 41.9, 12.5],
  ["PL", 52.2, 21],
  ["US", 40.7, -74],
  ["BR", -23.5, -46.6],
  ["IN", 19.1, 72.9],
  ["JP", 35.7, 139.7],
];
/** Where no customer lives. */
const FAR: readonly (readonly [country: string, latitude: number, longitude: number])[] = [
  ["VN", 21, 105.8],
  ["NG", 6.5, 3.4],
  ["RU", 55.8, 37.6],
  ["ID", -6.2, 106.8],
];

export const OPERATORS: readonly Operator[] = [
  ...COUNTRIES.flatMap(([country, latitude, longitude], index): Operator[] => [
    {
      octet: 20 + index * 4,
      kind: "home",
      place: { country, asn: 64_500 + index * 4, latitude, longitude, radiusKm: 50 },
    },
    {
      octet: 21 + index * 4,
      kind: "home",
      place: { country, asn: 64_501 + index * 4, latitude: latitude + 1, longitude, radiusKm: 20 },
    },
    // A mobile network leaves the country at one place, far from most of its users.
    {
      octet: 22 + index * 4,
      kind: "mobile",
      place: { country, asn: 64_502 + index * 4, latitude: latitude - 7, longitude: longitude + 2 },
    },
    {
      octet: 23 + index * 4,
      kind: "hosting",
      place: { country, asn: 64_503 + index * 4, latitude, longitude: longitude + 1 },
    },
  ]),
  ...FAR.flatMap(([country, latitude, longitude], index): Operator[] => [
    { octet: 100 + index, kind: "home", place: { country, asn: 64_700 + index, latitude, longitude, radiusKm: 100 } },
  ]),
  { octet: 110, kind: "vpn", place: { country: "NL", asn: 64_800, latitude: 52.4, longitude: 4.9 } },
  { octet: 111, kind: "hidden-vpn", place: { country: "SE", asn: 64_801, latitude: 59.3, longitude: 18.1 } },
];

const BY_OCTET = new Map(OPERATORS.map((operator) => [operator.octet, operator]));

export function operatorsOf(kind: Operator["kind"], country?: string): readonly Operator[] {
  return OPERATORS.filter((each) => each.kind === kind && (country === undefined || each.place.country === country));
}

export function locate(address: string): Place | undefined {
  const octet = address.includes(":")
    ? Number.parseInt(address.split(":")[1] ?? "", 16)
    : Number(address.split(".", 1));
  return BY_OCTET.get(octet)?.place;
}

/** What an operator of the service would write into the file of networks. */
export const NETWORKS: string = OPERATORS.filter(
  ({ kind }) => kind === "hosting" || kind === "vpn" || kind === "mobile",
)
  .map(({ kind, place }) => `${kind} AS${place.asn}`)
  .join("\n");

export function v4({ octet }: Operator, number: number): string {
  return `${octet}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

/** An address of the /64 that `site` and `link` name. */
export function v6({ octet }: Operator, site: number, link: number, host: number): string {
  return `2001:${octet.toString(16)}:${site.toString(16)}:${link.toString(16)}::${host.toString(16)}`;
}

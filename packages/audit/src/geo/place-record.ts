import type { Place } from "../event/place.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * What a record of an MMDB says, in the layout of each vendor: MaxMind and DB-IP nest (`country.iso_code`), ip-location-db and IPinfo are flat (`country_code`, `asn: "AS64500"`).
 * What is missing, or not of its form, is absent. `registered_country` is where a network was registered, not where it is, and is not read.
 */
export function placeOfRecord(record: unknown): Place {
  const fields = fieldsOf(record);
  const country = codeOf(fieldsOf(fields["country"])["iso_code"] ?? fields["country_code"] ?? fields["country"]);
  const subdivision = fieldsOf(Array.isArray(fields["subdivisions"]) ? fields["subdivisions"][0] : undefined);
  const regionCode = textOf(subdivision["iso_code"]);
  const location = fieldsOf(fields["location"]);
  const latitude = degreesOf(location["latitude"] ?? fields["latitude"] ?? fields["lat"], 90);
  const longitude = degreesOf(location["longitude"] ?? fields["longitude"] ?? fields["lng"], 180);
  const isSomewhere = latitude !== undefined && longitude !== undefined;
  return {
    continent: codeOf(fieldsOf(fields["continent"])["code"] ?? fields["continent_code"] ?? fields["continent"]),
    country,
    region: country === undefined || regionCode === undefined ? undefined : `${country}-${regionCode}`,
    regionName: nameOf(subdivision) ?? textOf(fields["state1"] ?? fields["region"]),
    city: nameOf(fieldsOf(fields["city"])) ?? textOf(fields["city"]),
    latitude: isSomewhere ? latitude : undefined,
    longitude: isSomewhere ? longitude : undefined,
    radiusKm: isSomewhere ? numberOf(location["accuracy_radius"]) : undefined,
    asn: asnOf(fields["autonomous_system_number"] ?? fields["asn"]),
    organization: textOf(fields["autonomous_system_organization"] ?? fields["as_name"]),
  };
}

/** An object's fields; none of anything else. */
function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function nameOf(fields: Fields): string | undefined {
  return textOf(fieldsOf(fields["names"])["en"]);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function codeOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[A-Z]{2}$/.test(value) ? value : undefined;
}

/** ip-location-db writes some numbers as text. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function degreesOf(value: unknown, limit: number): number | undefined {
  const degrees = numberOf(value);
  return degrees !== undefined && Math.abs(degrees) <= limit ? degrees : undefined;
}

function asnOf(value: unknown): number | undefined {
  const number = numberOf(typeof value === "string" ? value.replace(/^AS/, "") : value);
  // RFC 6793: 32 bits. 0 is reserved (RFC 7607).
  return number !== undefined && Number.isInteger(number) && number > 0 && number < 2 ** 32 ? number : undefined;
}

import { createRequire } from "node:module";
import { WherefromError } from "@wherefrom/core";
import type { Feature, FeatureCollection, MultiPolygon, Polygon } from "geojson";
import type { Topology } from "topojson-specification";

/** What a map is drawn from: outlines of the land, and a point for each country. No border is drawn, because some are disputed. */
export interface World {
  readonly height: number;
  /** Outline of the land and of the whole globe, as paths of SVG. */
  readonly land: string;
  readonly globe: string;
  /** Where a country is, by its ISO 3166-1 code of two letters: the middle of its largest piece. Undefined for what the data do not have. */
  readonly placeOf: (code: string) => readonly [x: number, y: number] | undefined;
}

const PACKAGES = ["d3-geo", "topojson-client", "world-atlas", "i18n-iso-countries"];

/** The world in Equal Earth projection (Šavrič, Patterson, Jenny 2018), `width` wide. Rejects with ERR_WHEREFROM_PACKAGE_ABSENT where a package is missing. */
export async function drawWorld(width: number): Promise<World> {
  const { geo, topojson, land, countries, codes } = await importMap();
  const globe = { type: "Sphere" } as const;
  const projection = geo.geoEqualEarth().fitWidth(width, globe);
  const path = geo.geoPath(projection).digits(1);
  const shapes = topojson.feature(countries, countries.objects["countries"] as never) as unknown as FeatureCollection<
    Polygon | MultiPolygon
  >;
  const byId = new Map<string, Feature<Polygon | MultiPolygon>>();
  for (const shape of shapes.features) {
    const other = byId.get(String(shape.id));
    // Dependencies may have their country's number: Australia's reefs have.
    if (other === undefined || geo.geoArea(shape) > geo.geoArea(other)) byId.set(String(shape.id), shape);
  }
  return {
    height: Math.ceil(path.bounds(globe)[1][1]),
    land: path(topojson.feature(land, land.objects["land"] as never)) ?? "",
    globe: path(globe) ?? "",
    placeOf: (code) => {
      const shape = byId.get(codes.get(code) ?? "");
      return shape === undefined
        ? undefined
        : (projection(geo.geoCentroid(largestPiece(shape, geo.geoArea))) ?? undefined);
    },
  };
}

function largestPiece({ geometry }: Feature<Polygon | MultiPolygon>, areaOf: (piece: Polygon) => number): Polygon {
  if (geometry.type === "Polygon") return geometry;
  const pieces = geometry.coordinates.map((coordinates): Polygon => ({ type: "Polygon", coordinates }));
  return pieces.reduce((largest, piece) => (areaOf(piece) > areaOf(largest) ? piece : largest));
}

// oxlint-disable-next-line typescript/explicit-function-return-type
async function importMap() {
  try {
    const require = createRequire(import.meta.url);
    const [geo, topojson] = await Promise.all([import("d3-geo"), import("topojson-client")]);
    // Rows of [alpha-2, alpha-3, numeric]; world-atlas names countries by the last.
    const rows = require("i18n-iso-countries/codes.json") as readonly (readonly [string, string, string])[];
    return {
      geo,
      topojson,
      land: require("world-atlas/land-110m.json") as Topology,
      // The coarser file has neither Singapore nor Hong Kong.
      countries: require("world-atlas/countries-50m.json") as Topology,
      codes: new Map(rows.map(([code, , id]) => [code, id])),
    };
  } catch (cause) {
    throw new WherefromError(
      "ERR_WHEREFROM_PACKAGE_ABSENT",
      `a map is drawn by packages that are not installed: npm install ${PACKAGES.join(" ")}`,
      { cause },
    );
  }
}

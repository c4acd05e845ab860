import { formatBytes, formatCount, formatShare } from "../terminal/number-text.ts";
import { markupText } from "../terminal/markup.ts";
import {
  FONT,
  INK,
  LAND,
  MARGIN,
  PAGE,
  PICTURE_WIDTH,
  PROVEN,
  QUIET,
  SEA,
  STYLE,
  UNPROVEN,
} from "../terminal/palette.ts";
import { plainText } from "../terminal/plain-text.ts";
import { regionTitle } from "./region-text.ts";
import type { Region, RegionKind } from "./regions.ts";
import type { World } from "./world.ts";

const TITLE_HEIGHT = 64;
/** Bars at most; what is left is one bar more. */
const BARS = 20;
const ROW_HEIGHT = 26;
const NAME_WIDTH = 210;
const NUMBERS_WIDTH = 330;
const NAME_LIMIT = 30;
/** Radius of the busiest country's circle, in pixels: neighbours still show. */
const RADIUS = 34;
/** Countries that are named on the map. */
const LABELS = 16;
/** Room of two letters, in pixels. */
const LABEL_WIDTH = 24;
const LABEL_HEIGHT = 14;
/** How far from its circle a name may be, in pixels, in how many directions; and from where on a line leads to it. */
const DISTANCES = [14, 24, 38, 54, 72];
const TURNS = 12;
const LEADER_FROM = 30;

/** SVG 1.1 of the regions as bars, and where `world` is there of countries as circles on a map, whose area is the number of requests. */
export function drawRegions(regions: readonly Region[], kind: RegionKind, heading: string, world?: World): string {
  const map = world === undefined ? { svg: "", height: 0 } : drawMap(regions, world);
  const bars = drawBars(regions, kind, TITLE_HEIGHT + map.height);
  const height = TITLE_HEIGHT + map.height + bars.height + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${PICTURE_WIDTH} ${height}" width="${PICTURE_WIDTH}" height="${height}" role="img" ${FONT} font-size="13" fill="${INK}">`,
    `<title>${markupText(`Requests by ${kind}`)}</title>`,
    `<desc>${markupText(describe(regions, kind, heading))}</desc>`,
    STYLE,
    `<rect width="100%" height="100%" fill="${PAGE}"/>`,
    `<text x="${MARGIN}" y="32" font-size="20" font-weight="600">${markupText(`Requests by ${kind}`)}</text>`,
    `<text x="${MARGIN}" y="52" fill="${QUIET}">${markupText(heading)}</text>`,
    map.svg,
    bars.svg,
    "</svg>",
  ].join("\n");
}

/** What the picture shows, for those who hear it. */
function describe(regions: readonly Region[], kind: RegionKind, heading: string): string {
  const all = regions.reduce((sum, { requests }) => sum + requests, 0);
  const parts = regions
    .slice(0, BARS)
    .map(({ name, requests }) => `${regionTitle(name, kind)} ${formatCount(requests)} (${formatShare(requests, all)})`);
  return `${heading}. ${parts.join("; ")}.`;
}

function drawMap(regions: readonly Region[], world: World): { readonly svg: string; readonly height: number } {
  const most = Math.max(1, ...regions.map(({ name, requests }) => (name === undefined ? 0 : requests)));
  const placed = regions.flatMap((region) => {
    const place = region.name === undefined ? undefined : world.placeOf(region.name);
    return place === undefined
      ? []
      : [
          {
            ...region,
            name: region.name as string,
            place,
            radius: Math.max(1.5, RADIUS * Math.sqrt(region.requests / most)),
          },
        ];
  });
  const circles = placed.map(
    ({ name, place: [x, y], radius, requests }) =>
      `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius.toFixed(1)}"><title>${markupText(`${regionTitle(name, "country")}: ${formatCount(requests)} requests`)}</title></circle>`,
  );
  const labels = placeLabels(placed).map(
    ({ name, x, y, anchor: [left, top] }) =>
      `${Math.hypot(x - left, y - top) > LEADER_FROM ? `<path d="M${left.toFixed(1)} ${top.toFixed(1)}L${x.toFixed(1)} ${y.toFixed(1)}" stroke="${QUIET}" stroke-width="0.75"/>` : ""}<text x="${x.toFixed(1)}" y="${(y + 4).toFixed(1)}" text-anchor="middle" stroke="${PAGE}" stroke-width="3" stroke-linejoin="round" paint-order="stroke" fill="${INK}">${markupText(name)}</text>`,
  );
  const absent = regions
    .filter(({ name }) => name !== undefined && world.placeOf(name) === undefined)
    .map(({ name }) => name as string);
  const note =
    absent.length === 0
      ? ""
      : `not on the map: ${absent.slice(0, LABELS).join(", ")}${absent.length > LABELS ? ", …" : ""}`;
  return {
    height: world.height + MARGIN + (note === "" ? 0 : 16),
    svg: [
      `<g transform="translate(0 ${TITLE_HEIGHT})">`,
      `<path d="${world.globe}" fill="${SEA}"/>`,
      `<path d="${world.land}" fill="${LAND}"/>`,
      `<g fill="${PROVEN}" fill-opacity="0.75" stroke="${PAGE}" stroke-width="0.75">${circles.join("")}</g>`,
      `<g font-size="12" font-weight="600" paint-order="stroke">${labels.join("")}</g>`,
      `<g transform="translate(${PICTURE_WIDTH - MARGIN - 190} ${world.height - 16})"><ellipse rx="9" ry="9" cy="-4" fill="${PROVEN}" fill-opacity="0.75"/><text x="16" fill="${QUIET}" font-size="12">area: number of requests</text></g>`,
      note === ""
        ? ""
        : `<text x="${MARGIN}" y="${world.height + 16}" fill="${QUIET}" font-size="12">${markupText(note)}</text>`,
      "</g>",
    ].join("\n"),
  };
}

interface Circle {
  readonly name: string;
  readonly place: readonly [x: number, y: number];
  readonly radius: number;
}

interface Label {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** Edge of its circle, or its middle: where a line to a name that is far off begins. */
  readonly anchor: readonly [x: number, y: number];
}

/** Names of the busiest countries, each at the nearest place to its circle where no other name is: in it, beside it, or further off with a line. The busier comes first, and none is left out. */
function placeLabels(circles: readonly Circle[]): readonly Label[] {
  const labels: Label[] = [];
  for (const { name, place, radius } of circles.slice(0, LABELS)) {
    const [x, y] = place;
    const spots: (readonly [number, number])[] = radius > LABEL_WIDTH / 2 + 1 ? [[x, y]] : [];
    for (const distance of DISTANCES)
      for (let turn = 0; turn < TURNS; turn++) {
        const angle = (turn / TURNS) * 2 * Math.PI;
        spots.push([x + (radius + distance) * Math.cos(angle), y + (radius + distance) * Math.sin(angle)]);
      }
    const isApart = ([left, top]: readonly [number, number]): boolean =>
      labels.every((label) => Math.abs(label.x - left) > LABEL_WIDTH || Math.abs(label.y - top) > LABEL_HEIGHT);
    const isClear = ([left, top]: readonly [number, number]): boolean =>
      circles.every(
        (circle) =>
          circle.name === name ||
          Math.hypot(circle.place[0] - left, circle.place[1] - top) > circle.radius + LABEL_HEIGHT / 2,
      );
    const spot = spots.find((each) => isApart(each) && isClear(each)) ?? spots.find(isApart) ?? [x, y];
    labels.push({ name, x: spot[0], y: spot[1], anchor: place });
  }
  return labels;
}

function drawBars(
  regions: readonly Region[],
  kind: RegionKind,
  top: number,
): { readonly svg: string; readonly height: number } {
  const shown = foldRest(regions, kind);
  const all = regions.reduce((sum, { requests }) => sum + requests, 0);
  const most = Math.max(1, ...shown.map(({ region: { requests } }) => requests));
  const room = PICTURE_WIDTH - 2 * MARGIN - NAME_WIDTH - NUMBERS_WIDTH;
  const left = MARGIN + NAME_WIDTH;
  const legend = `<rect x="${left}" y="${top + 4}" width="11" height="11" fill="${PROVEN}"/><text x="${left + 17}" y="${top + 14}" fill="${QUIET}">client proven</text><rect x="${left + 118}" y="${top + 4}" width="11" height="11" fill="${UNPROVEN}"/><text x="${left + 135}" y="${top + 14}" fill="${QUIET}">not proven</text>`;
  const columns = [
    { title: "requests", end: 90 },
    { title: "share", end: 155 },
    { title: "bytes", end: 240 },
    { title: "clients", end: NUMBERS_WIDTH },
  ];
  const right = left + room;
  const heads = columns.map(
    ({ title, end }) => `<text x="${right + end}" y="${top + 14}" text-anchor="end" fill="${QUIET}">${title}</text>`,
  );
  const rows = shown.map(({ title, region: { requests, proven, bytes, clients } }, index) => {
    const y = top + 28 + index * ROW_HEIGHT;
    const [known, rest] = [proven, requests - proven].map((part) => (room * part) / most) as [number, number];
    const cells = [
      formatCount(requests),
      formatShare(requests, all),
      formatBytes(bytes),
      clients < 0 ? "" : formatCount(clients),
    ];
    return [
      `<text x="${left - 10}" y="${y + 14}" text-anchor="end">${markupText(plainText(title, NAME_LIMIT))}</text>`,
      `<rect x="${left}" y="${y}" width="${known.toFixed(1)}" height="${ROW_HEIGHT - 7}" fill="${PROVEN}"/>`,
      `<rect x="${(left + known).toFixed(1)}" y="${y}" width="${rest.toFixed(1)}" height="${ROW_HEIGHT - 7}" fill="${UNPROVEN}"/>`,
      ...cells.map(
        (cell, column) =>
          `<text x="${right + (columns[column] as { end: number }).end}" y="${y + 14}" text-anchor="end">${cell}</text>`,
      ),
    ].join("");
  });
  return { svg: [legend, ...heads, ...rows].join("\n"), height: 28 + shown.length * ROW_HEIGHT };
}

/** The busiest, what is left of the rest in one, and those without a location. */
function foldRest(
  regions: readonly Region[],
  kind: RegionKind,
): readonly { readonly title: string; readonly region: Region }[] {
  const titled = (region: Region): { title: string; region: Region } => ({
    title: regionTitle(region.name, kind),
    region,
  });
  const known = regions.filter(({ name }) => name !== undefined);
  const unknown = regions.filter(({ name }) => name === undefined).map(titled);
  const rest = known.slice(BARS);
  const first = known.slice(0, BARS).map(titled);
  if (rest.length === 0) return [...first, ...unknown];
  const sum = (of: (region: Region) => number): number => rest.reduce((total, region) => total + of(region), 0);
  const region = {
    name: undefined,
    requests: sum(({ requests }) => requests),
    bytes: sum(({ bytes }) => bytes),
    // A client may have been in several of them: their number is no sum.
    clients: -1,
    proven: sum(({ proven }) => proven),
  };
  return [...first, { title: `${rest.length} others`, region }, ...unknown];
}

import { markupText } from "../terminal/markup.ts";
import { formatCount, formatSecond, formatShare } from "../terminal/number-text.ts";
import { FONT, INK, MARGIN, PAGE, PICTURE_WIDTH, QUIET, SEA, STACK, STYLE } from "../terminal/palette.ts";
import type { Attack } from "./attack.ts";
import type { Timeline } from "./timeline.ts";

const [TOP, CHART_HEIGHT, LEFT, LEGEND_ROW] = [72, 260, 70, 22];
const CHART_WIDTH = PICTURE_WIDTH - LEFT - MARGIN;
/** Lines across the chart, with a number each. */
const GRID = 4;
/** Times below the chart. */
const TICKS = 5;

/** SVG 1.1 of the requests around a surge over time, stacked by the networks that rose most. */
export function drawSurge(attack: Attack, timeline: Timeline): string {
  const { from, to, columnSeconds, series } = timeline;
  const columns = series[0]?.counts.length ?? 0;
  const sums = Array.from({ length: columns }, (_, column) => sum(series.map(({ counts }) => counts[column] ?? 0)));
  const most = Math.max(1, ...sums);
  const xOf = (second: number): number => LEFT + ((second - from) / (to - from)) * CHART_WIDTH;
  const yOf = (count: number): number => TOP + CHART_HEIGHT * (1 - count / most);
  const width = CHART_WIDTH / Math.max(1, columns);
  const floors = Array.from({ length: columns }, () => 0);
  // The rest is the ground that the others stand on.
  const stacked = [...series.entries()].toReversed().map(([order, { counts }]) => {
    const color = colorOf(order, series.length);
    const bars = counts.map((count, column) => {
      if (count === 0) return "";
      const floor = floors[column] as number;
      floors[column] = floor + count;
      const [x, y] = [LEFT + column * width, yOf(floor + count)];
      return `M${x.toFixed(1)} ${y.toFixed(1)}h${width.toFixed(2)}V${yOf(floor).toFixed(1)}h-${width.toFixed(2)}z`;
    });
    return `<path fill="${color}" d="${bars.join("")}"/>`;
  });
  const grid = Array.from({ length: GRID + 1 }, (_, index) => {
    const count = (most * index) / GRID;
    const y = yOf(count).toFixed(1);
    return `<path d="M${LEFT} ${y}H${PICTURE_WIDTH - MARGIN}" stroke="${QUIET}" stroke-opacity="0.25"/><text x="${LEFT - 8}" y="${(yOf(count) + 4).toFixed(1)}" text-anchor="end" fill="${QUIET}">${rateText(count / columnSeconds)}</text>`;
  });
  const times = Array.from({ length: TICKS }, (_, index) => {
    const second = from + ((to - from) * index) / (TICKS - 1);
    const anchor = index === 0 ? "start" : index === TICKS - 1 ? "end" : "middle";
    return `<text x="${xOf(second).toFixed(1)}" y="${TOP + CHART_HEIGHT + 18}" text-anchor="${anchor}" fill="${QUIET}">${formatSecond(second).slice(5)}</text>`;
  });
  const { usualPerSecond } = attack;
  const usual =
    usualPerSecond === undefined
      ? ""
      : `<path d="M${LEFT} ${yOf(usualPerSecond * columnSeconds).toFixed(1)}H${PICTURE_WIDTH - MARGIN}" stroke="${INK}" stroke-dasharray="5 4" fill="none"/>`;
  const [begin, end] = [xOf(Math.max(from, attack.from)), xOf(Math.min(to, attack.to))];
  const legend = series.map(({ name, counts }, order) => {
    const x = LEFT + (order % 3) * 300;
    const y = TOP + CHART_HEIGHT + 40 + Math.floor(order / 3) * LEGEND_ROW;
    return `<rect x="${x}" y="${y}" width="12" height="12" fill="${colorOf(order, series.length)}"/><text x="${x + 18}" y="${y + 11}">${markupText(name ?? "all others")} <tspan fill="${QUIET}">${formatCount(sum(counts))}</tspan></text>`;
  });
  const legendRows = Math.ceil(series.length / 3) + (usual === "" ? 0 : 1);
  const usualLegend =
    usual === ""
      ? ""
      : `<path d="M${LEFT} ${TOP + CHART_HEIGHT + 46 + (legendRows - 1) * LEGEND_ROW}h12" stroke="${INK}" stroke-dasharray="5 4"/><text x="${LEFT + 18}" y="${TOP + CHART_HEIGHT + 51 + (legendRows - 1) * LEGEND_ROW}">usual at that time</text>`;
  const height = TOP + CHART_HEIGHT + 48 + legendRows * LEGEND_ROW;
  const title = attack.isSurge ? "Surge" : "Requests";
  const heading = `${formatSecond(attack.from)} to ${formatSecond(attack.to)} UTC, ${formatCount(attack.requests)} requests from ${formatCount(attack.sources)} sources`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${PICTURE_WIDTH} ${height}" width="${PICTURE_WIDTH}" height="${height}" role="img" ${FONT} font-size="13" fill="${INK}">`,
    `<title>${markupText(`${title}, ${formatSecond(attack.from)} UTC`)}</title>`,
    `<desc>${markupText(describe(heading, timeline))}</desc>`,
    STYLE,
    `<rect width="100%" height="100%" fill="${PAGE}"/>`,
    `<text x="${MARGIN}" y="32" font-size="20" font-weight="600">${title}: requests a second by network</text>`,
    `<text x="${MARGIN}" y="52" fill="${QUIET}">${markupText(heading)}</text>`,
    `<rect x="${begin.toFixed(1)}" y="${TOP}" width="${Math.max(1, end - begin).toFixed(1)}" height="${CHART_HEIGHT}" fill="${SEA}"/>`,
    ...grid,
    ...stacked,
    usual,
    ...[begin, end].map(
      (x) =>
        `<path d="M${x.toFixed(1)} ${TOP}v${CHART_HEIGHT}" stroke="${INK}" stroke-opacity="0.5" stroke-dasharray="2 3"/>`,
    ),
    ...times,
    ...legend,
    usualLegend,
    "</svg>",
  ].join("\n");
}

/** What the picture shows, for those who hear it. */
function describe(heading: string, { from, to, series }: Timeline): string {
  const all = sum(series.map(({ counts }) => sum(counts)));
  const parts = series.map(({ name, counts }) => `${name ?? "all others"} ${formatShare(sum(counts), all)}`);
  return `${heading}. Shown: ${formatSecond(from)} to ${formatSecond(to)} UTC. By network: ${parts.join("; ")}.`;
}

/** The last series is the rest. */
function colorOf(order: number, series: number): string {
  return (order === series - 1 ? STACK.at(-1) : STACK[order]) as string;
}

function rateText(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : formatCount(rate);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

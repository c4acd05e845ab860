import { formatBytes, formatCount, formatMany, formatSecond, formatShare } from "../number-text.ts";
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";
import { type Attack, type Contributor, DIMENSIONS, type Dimension } from "./attack.ts";

const TITLES: Readonly<Record<Dimension, string>> = {
  address: "addresses",
  "/24": "IPv4 networks (/24)",
  "/48": "IPv6 networks (/48)",
  "/64": "IPv6 links (/64)",
  asn: "autonomous systems",
  country: "countries",
  path: "paths",
  agent: "user agents",
};
const NAME_LIMIT = 72;

/** What a person reads first: when, how much, from how many, and who. */
export function formatAttack(attack: Attack, unread: number, paint: Paint): string[] {
  const { from, to, requests, sources, usualPerSecond } = attack;
  const seconds = to - from;
  const what =
    usualPerSecond === undefined
      ? "no surge was looked for or found: this is all that there is"
      : `${formatCount(usualPerSecond)} a second are usual (the median)`;
  return [
    `${paint("heading", attack.isSurge ? "surge" : "period")}    ${formatSecond(from)} to ${formatSecond(to)} UTC, ${formatLength(seconds)}; ${what}`,
    `requests ${formatCount(requests)}: ${formatRate(requests / seconds)} a second, ${formatCount(attack.peakPerSecond)} in the worst one (${formatSecond(attack.peakSecond)}); ${formatBytes(attack.bytes)} answered`,
    `sources  ${formatCount(sources)}, of which ${formatCount(attack.provenSources)} are proven clients, with ${formatShare(attack.provenRequests, requests)} of the requests`,
    ...(attack.rejected.length === 0
      ? []
      : [
          `rejected ${attack.rejected.map(({ reason, count }) => `${formatCount(count)} ${plainText(reason)}`).join(", ")}`,
        ]),
    ...(unread === 0 ? [] : [`unread   ${formatMany(unread, "line is no event", "lines are no events")}`]),
    ...DIMENSIONS.flatMap((dimension) => formatTop(TITLES[dimension], attack.top[dimension], requests, paint)),
  ];
}

function formatTop(title: string, contributors: readonly Contributor[], whole: number, paint: Paint): string[] {
  if (contributors.length === 0) return [];
  const rows = contributors.map(({ name, requests, proven }) => [
    plainText(name, NAME_LIMIT),
    formatCount(requests),
    formatShare(requests, whole),
    proven === requests ? "proven" : proven === 0 ? "not proven" : `${formatShare(proven, requests)} proven`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  return [
    "",
    paint("heading", title),
    ...rows.map(
      ([name = "", count = "", share = "", proven = ""]) =>
        `  ${name.padEnd(widths[0] as number)}  ${count.padStart(widths[1] as number)}  ${share.padStart(widths[2] as number)}  ${paint(proven === "proven" ? "quiet" : "note", proven)}`,
    ),
  ];
}

function formatLength(seconds: number): string {
  if (seconds < 120) return `${formatCount(seconds)} seconds`;
  if (seconds < 7200) return `${formatCount(seconds / 60)} minutes`;
  return `${formatCount(seconds / 3600)} hours`;
}

function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : formatCount(rate);
}

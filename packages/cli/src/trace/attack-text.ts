import { formatBytes, formatCount, formatMany, formatSecond, formatShare } from "../terminal/number-text.ts";
import type { Paint } from "../terminal/terminal.ts";
import { plainText } from "../terminal/plain-text.ts";
import { type Attack, type Contributor, DIMENSIONS, type Dimension, type Traffic } from "./attack.ts";

/** What each dimension is called. */
export const TITLES: Readonly<Record<Dimension, string>> = {
  address: "addresses",
  "/24": "IPv4 networks (/24)",
  "/48": "IPv6 networks (/48)",
  "/64": "IPv6 links (/64)",
  asn: "autonomous systems",
  country: "countries",
  path: "paths",
  agent: "user agents",
  method: "methods",
  status: "statuses",
};
const NAME_LIMIT = 72;

/** All surges, one a line, and which is opened below. Nothing where there is none or a period was asked for. */
export function formatSurges({ surges, isAsked, bucketSeconds }: Traffic, opened: number, paint: Paint): string[] {
  if (isAsked || surges.length === 0) return [];
  const rows = surges.map(({ from, to, requests, usualPerSecond }, index) => [
    `${index + 1}`,
    `${formatSecond(from)} to ${formatSecond(to)}`,
    formatLength(to - from),
    `${formatCount(requests)} requests`,
    `${formatRate(requests / (to - from))} a second`,
    `usual ${formatRate(usualPerSecond)}`,
  ]);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  return [
    paint(
      "heading",
      `${formatMany(surges.length, "surge", "surges")} in steps of ${formatLength(bucketSeconds)}; --surge NUMBER shows another`,
    ),
    ...rows.map((row, index) =>
      `${index === opened ? "▸" : " "} ${row.map((cell, column) => (column === 1 || column === 5 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join("  ")}`.trimEnd(),
    ),
    "",
  ];
}

/** What a person reads first: when, how much, from how many, and who. */
export function formatAttack(attack: Attack, unread: number, paint: Paint): string[] {
  const { from, to, requests, sources, usualPerSecond } = attack;
  const seconds = to - from;
  const what =
    usualPerSecond === undefined
      ? "no surge detected; showing all requests"
      : `${formatRate(usualPerSecond)} a second is usual at that time`;
  return [
    `${paint("heading", attack.isSurge ? "surge" : "period")}    ${formatSecond(from)} to ${formatSecond(to)} UTC, ${formatLength(seconds)}; ${what}`,
    `requests ${formatCount(requests)}: ${formatRate(requests / seconds)} a second, at most ${formatCount(attack.peakPerSecond)} (at ${formatSecond(attack.peakSecond)}); ${formatBytes(attack.bytes)} answered`,
    `sources  ${formatCount(sources)}, of which ${formatCount(attack.provenSources)} are proven clients, with ${formatShare(attack.provenRequests, requests)} of the requests`,
    ...(attack.rejected.length === 0
      ? []
      : [
          `rejected ${attack.rejected.map(({ reason, count }) => `${formatCount(count)} ${plainText(reason)}`).join(", ")}`,
        ]),
    ...(unread === 0 ? [] : [`unread   ${formatMany(unread, "line", "lines")}`]),
    formatEffect(attack),
    ...DIMENSIONS.flatMap((dimension) => formatTop(TITLES[dimension], attack.top[dimension], requests, paint)),
  ];
}

function formatTop(title: string, contributors: readonly Contributor[], whole: number, paint: Paint): string[] {
  if (contributors.length === 0) return [];
  const rows = contributors.map(({ name, requests, proven, usual }) => [
    plainText(name, NAME_LIMIT),
    formatCount(requests),
    formatShare(requests, whole),
    formatRise(requests, usual),
    proven === requests ? "proven" : proven === 0 ? "not proven" : `${formatShare(proven, requests)} proven`,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  return [
    "",
    paint("heading", title),
    ...rows.map(
      ([name = "", count = "", share = "", rise = "", proven = ""]) =>
        `  ${name.padEnd(widths[0] as number)}  ${count.padStart(widths[1] as number)}  ${share.padStart(widths[2] as number)}  ${rise === "" ? "" : `${rise.padStart(widths[3] as number)}  `}${paint(proven === "proven" ? "quiet" : "note", proven)}`,
    ),
  ];
}

/** How many times as much as in as long a time outside of every surge. */
function formatRise(requests: number, usual: number | undefined): string {
  if (usual === undefined) return "";
  if (usual < 0.5) return "new";
  return requests < 10 * usual ? `× ${(requests / usual).toFixed(1)}` : `× ${formatCount(requests / usual)}`;
}

function formatEffect({ deny: { entries, leftOut, stopped, hit } }: Attack): string {
  const left = leftOut.length === 0 ? "" : `; ${formatCount(leftOut.length)} left out`;
  const effect =
    stopped === undefined || hit === undefined
      ? ""
      : `: about ${formatShare(stopped, 1)} of the attack, and ${formatShare(hit, 1)} of usual clients`;
  return `deny     ${formatMany(entries.length, "prefix", "prefixes")}${effect}${left}; --deny FORMAT prints them`;
}

function formatLength(seconds: number): string {
  if (seconds < 120) return `${formatCount(seconds)} seconds`;
  if (seconds < 7200) return `${formatCount(seconds / 60)} minutes`;
  return `${formatCount(seconds / 3600)} hours`;
}

function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : formatCount(rate);
}

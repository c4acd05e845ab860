import { formatBytes, formatCount, formatShare } from "../terminal/number-text.ts";
import type { Paint } from "../terminal/terminal.ts";
import { plainText } from "../terminal/plain-text.ts";
import type { Region, RegionKind } from "./regions.ts";

const NAME_LIMIT = 40;
const NAMES = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
const CONTINENTS: Readonly<Record<string, string>> = {
  AF: "Africa",
  AN: "Antarctica",
  AS: "Asia",
  EU: "Europe",
  NA: "North America",
  OC: "Oceania",
  SA: "South America",
};

/** "Germany (DE)"; a code that no list has is itself; "unknown" without a location. */
export function regionTitle(name: string | undefined, kind: RegionKind): string {
  if (name === undefined) return "unknown";
  const title = kind === "continent" ? CONTINENTS[name] : kind === "country" ? countryName(name) : undefined;
  return title === undefined ? name : `${title} (${name})`;
}

function countryName(code: string): string | undefined {
  try {
    return NAMES.of(code);
  } catch {
    return undefined;
  }
}

/** A table for people. */
export function formatRegions(regions: readonly Region[], kind: RegionKind, paint: Paint): string[] {
  const all = regions.reduce((sum, { requests }) => sum + requests, 0);
  const isHosted = regions.some(({ hosted }) => hosted !== undefined);
  const rows = regions.map(({ name, requests, bytes, clients, proven, hosted }) => [
    plainText(regionTitle(name, kind), NAME_LIMIT),
    formatCount(requests),
    formatShare(requests, all),
    formatBytes(bytes),
    formatCount(clients),
    formatShare(proven, requests),
    ...(hosted === undefined ? [] : [formatCount(hosted)]),
  ]);
  const head = [kind, "requests", "share", "bytes", "clients", "proven", ...(isHosted ? ["hosted"] : [])];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] as string).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join("  ");
  return [paint("heading", line(head)), ...rows.map(line)];
}

/** CSV (RFC 4180, lines end in LF). No cell begins as a formula of a spreadsheet does, and none has a control character: it may be read on a terminal. */
export function formatRegionCsv(regions: readonly Region[], kind: RegionKind): string[] {
  const isHosted = regions.some(({ hosted }) => hosted !== undefined);
  return [
    `${csvCell(kind)},name,requests,bytes,clients,proven_requests${isHosted ? ",hosted_clients" : ""}`,
    ...regions.map(({ name, requests, bytes, clients, proven, hosted }) =>
      [
        csvCell(name ?? ""),
        csvCell(regionTitle(name, kind)),
        requests,
        bytes,
        clients,
        proven,
        ...(hosted === undefined ? [] : [hosted]),
      ].join(","),
    ),
  ];
}

function csvCell(text: string): string {
  const plain = plainText(text);
  const safe = /^[=+\-@]/.test(plain) ? `'${plain}` : plain;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

import { formatBytes, formatCount, formatShare } from "../terminal/number-text.ts";
import { markupText } from "../terminal/markup.ts";
import { PAGE_HEAD } from "../terminal/palette.ts";
import { regionTitle } from "./region-text.ts";
import type { Region, RegionKind } from "./regions.ts";

/** Rows of the page's table at most: with them it stays under 300 KB. */
const ROW_LIMIT = 1000;

/** One HTML page, which needs no other file and no network: the picture, and all numbers as a table. Light or dark as the reader's system is. */
export function formatRegionPage(
  regions: readonly Region[],
  kind: RegionKind,
  heading: string,
  picture: string,
): string {
  const all = regions.reduce((sum, { requests }) => sum + requests, 0);
  const isHosted = regions.some(({ hosted }) => hosted !== undefined);
  const heads = [kind, "requests", "share", "bytes", "clients", "proven", ...(isHosted ? ["hosted"] : [])];
  const rows = regions.slice(0, ROW_LIMIT).map((region) => {
    const { name, requests, bytes, clients, proven, hosted } = region;
    const cells = [
      formatCount(requests),
      formatShare(requests, all),
      formatBytes(bytes),
      formatCount(clients),
      formatShare(proven, requests),
      ...(hosted === undefined ? [] : [formatCount(hosted)]),
    ];
    return `<tr><th scope="row">${markupText(regionTitle(name, kind))}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  const rest = regions.length - rows.length;
  return `<!doctype html>
<html lang="en"><head>${PAGE_HEAD}
<title>${markupText(`Requests by ${kind}`)}</title></head><body>
${picture}
<table><caption>${markupText(`Requests by ${kind}: ${heading}`)}${rest > 0 ? `; ${formatCount(rest)} more rows are in --csv` : ""}</caption>
<thead><tr>${heads.map((head) => `<th scope="col">${markupText(head)}</th>`).join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table>
</body></html>`;
}

import { markupText } from "../terminal/markup.ts";
import { formatCount, formatSecond, formatShare } from "../terminal/number-text.ts";
import { PAGE_HEAD } from "../terminal/palette.ts";
import { plainText } from "../terminal/plain-text.ts";
import { type Attack, DIMENSIONS, type Traffic } from "./attack.ts";
import { TITLES } from "./attack-text.ts";

/** Rows of each table at most, and characters of a name: with them the page stays under 300 KB. */
const ROW_LIMIT = 100;
const NAME_LIMIT = 200;

/** One HTML page, which needs no other file and no network: every surge, the time line of the one that is shown, its sources, and what to block. Light or dark as the reader's system is. */
export function formatSurgePage(attack: Attack, shown: number, traffic: Traffic, picture: string): string {
  const surges = traffic.surges
    .slice(0, ROW_LIMIT)
    .map(({ from, to, requests, usualPerSecond }, index) => [
      `${index === shown ? "▸ " : ""}${index + 1}`,
      formatSecond(from),
      formatSecond(to),
      formatCount(requests),
      formatCount(usualPerSecond * (to - from)),
    ]);
  const tops = DIMENSIONS.map((dimension) =>
    table(
      `${TITLES[dimension]}, by their rise`,
      ["name", "requests", "share", "usual", "proven"],
      attack.top[dimension]
        .slice(0, ROW_LIMIT)
        .map(({ name, requests, usual, proven }) => [
          plainText(name, NAME_LIMIT),
          formatCount(requests),
          formatShare(requests, attack.requests),
          usual === undefined ? "" : formatCount(usual),
          formatShare(proven, requests),
        ]),
    ),
  );
  const { entries, leftOut, stopped, hit } = attack.deny;
  const rowOf = ({ prefix, requests, collateral }: (typeof entries)[number]): string[] => [
    prefix,
    formatCount(requests),
    formatCount(collateral),
  ];
  const effect =
    stopped === undefined || hit === undefined
      ? ""
      : `: about ${formatShare(stopped, 1)} of the attack, ${formatShare(hit, 1)} of usual clients`;
  const rest =
    entries.length > ROW_LIMIT ? `; the first ${ROW_LIMIT} of ${formatCount(entries.length)}, all with --deny` : "";
  return `<!doctype html>
<html lang="en"><head>${PAGE_HEAD}
<title>${markupText(`Surge, ${formatSecond(attack.from)} UTC`)}</title></head><body>
${picture}
${table("surges (UTC)", ["number", "from", "to", "requests", "usual"], surges)}
${table(`blocklist${effect}${rest}`, ["prefix", "requests", "usual clients hit"], entries.slice(0, ROW_LIMIT).map(rowOf))}
${table("left out of the blocklist, because usual clients would be hit", ["prefix", "requests", "usual clients hit"], leftOut.slice(0, ROW_LIMIT).map(rowOf))}
${tops.join("\n")}
</body></html>`;
}

/** Nothing where there are no rows. */
function table(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const lines = rows.map(
    ([first = "", ...cells]) =>
      `<tr><th scope="row">${markupText(first)}</th>${cells.map((cell) => `<td>${markupText(cell)}</td>`).join("")}</tr>`,
  );
  return `<table><caption>${markupText(caption)}</caption><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead>
<tbody>
${lines.join("\n")}
</tbody></table>`;
}

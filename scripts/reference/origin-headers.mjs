import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./source.mjs";

/** What products that run here were seen to pass on: test/e2e/platforms keeps it. */
const RECORDED = "test/e2e/platforms/recorded.json";
/** What the forging client of that suite wrote. */
const FORGED = { "x-forwarded-proto": "https", "x-forwarded-host": "evil.example", "x-forwarded-port": "4443" };

/** A call of each preset that is right, by what it needs. */
const PEERS = { peers: ["192.0.2.1"] };
const RANGES = { source: "the vendor", asOf: "2026-11-01", prefixes: ["192.0.2.0/24"] };
const SHARED = { ranges: RANGES, originIsPrivate: true, clientHeaderIsOverwritten: true };
const DEMAND = { with: { header: "x-origin-secret", equals: "correct horse battery" } };
const { clientHeaderIsOverwritten: _, ...UNHARDENED } = SHARED;
const CALLS = [
  PEERS,
  SHARED,
  UNHARDENED,
  DEMAND,
  { ranges: RANGES, frontDoorId: "a0a0a0a0-bbbb-cccc-dddd-e1e1e1e1e1e1" },
];

/** The rule of a preset; undefined of an export that is none. */
function ruleOf(preset) {
  for (const options of CALLS) {
    try {
      const rule = preset(options);
      if (rule?.peers !== undefined) return rule;
    } catch {
      // Another kind of preset.
    }
  }
  return undefined;
}

/** What became of one header of the client's. */
function seenOf(recording, header) {
  const lines = recording.forged[header] ?? [];
  const elements = lines.flatMap((line) => line.split(/, */));
  if (elements.length === 0) return "removed";
  if (!elements.includes(FORGED[header])) return "overwritten";
  return elements.length === 1 ? "**client's**" : "appended";
}

/** Which headers of protocol, host and port each product leaves to the client. @param {object} presets The functions, by their names. */
export function originHeadersText(presets) {
  const recorded = JSON.parse(readFileSync(join(ROOT, RECORDED), "utf8"));
  const headers = Object.keys(FORGED);
  const table = (rows) =>
    [
      "| preset | protocol | host | port |",
      "| --- | --- | --- | --- |",
      ...rows.map((cells) => `| ${cells.join(" | ")} |`),
    ].join("\n");
  const names = Object.keys(presets).toSorted((a, b) => a.localeCompare(b, "en"));
  const seen = names
    .filter((name) => recorded[name] !== undefined)
    .map((name) => [`\`${name}\``, ...headers.map((header) => seenOf(recorded[name], header))]);
  const told = names
    .filter((name) => recorded[name] === undefined)
    .flatMap((name) => {
      const rule = ruleOf(presets[name]);
      if (rule === undefined) return [];
      const own = (rule.origin ?? []).map((header) => (typeof header === "string" ? header : header.header));
      const cell = (part) =>
        own
          .filter((header) => partOf(header) === part)
          .map((header) => `\`${header}\``)
          .join(", ") || "not vouched for";
      return [[`\`${name}\``, cell("protocol"), cell("host"), cell("port")]];
    });
  return [
    "## Seen",
    "The product ran here, in its default configuration, and a client sent all three. *overwritten* and *appended* are the product's own; **client's** arrived as the client wrote it.",
    table(seen),
    "## Documented",
    "The product did not run here. A preset believes the headers that stand here, because the vendor's documentation or source says that the product writes them. Name others in `origin` after you have checked them.",
    table(told),
  ].join("\n\n");
}

function partOf(header) {
  if (header.endsWith("host")) return "host";
  return header.endsWith("port") ? "port" : "protocol";
}

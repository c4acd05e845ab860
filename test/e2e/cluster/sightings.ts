import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { policyText } from "./policy-text.ts";
import { markdownTable } from "./markdown-table.ts";
import type { Kind, Outcome, Topology } from "./topology.ts";

const FILE = join(import.meta.dirname, "RESULT.md");

/** `npm run e2e -- cluster --write` writes the tables that a run gives instead of comparing them. */
const isWriting = process.env["WHEREFROM_WRITE"] === "1";

interface Sighting {
  readonly kinds: Set<Kind>;
  readonly outcome: Outcome;
  readonly lied: Outcome;
}

const HEAD = ["topology", "services", "policy", "peer of the service", "client", "method", "stop", "proof", "a lie"];

/** What a run has shown, as a table. */
export class Sightings {
  readonly #rows = new Map<Topology, Sighting>();

  add(topology: Topology, kind: Kind, outcome: Outcome, lied: Outcome): void {
    const row = this.#rows.get(topology) ?? { kinds: new Set(), outcome, lied };
    row.kinds.add(kind);
    this.#rows.set(topology, row);
  }

  /** The document, and what it should be: with the table under this heading that was seen. With `--write` it is that from now on. */
  compare(section: string): { readonly written: string; readonly seen: string } {
    const table = markdownTable([HEAD, ...[...this.#rows].map(([topology, sighting]) => rowOf(topology, sighting))]);
    const written = readFileSync(FILE, "utf8");
    const [before, after] = around(written, section);
    const seen = `${before}${table}${after}`;
    if (!isWriting || seen === written) return { written, seen };
    writeFileSync(FILE, seen);
    return { written: seen, seen };
  }
}

/** The document in front of and behind the table of a section. */
function around(document: string, section: string): readonly [string, string] {
  const start = document.indexOf(`\n## ${section}\n`);
  const table = document.indexOf("\n|", start) + 1;
  if (start < 0 || table === 0) throw new Error(`RESULT.md has no table under "## ${section}"`);
  const rest = document.slice(table).split("\n");
  const length = rest.findIndex((line) => !line.startsWith("|"));
  return [document.slice(0, table), `\n${rest.slice(length).join("\n")}`];
}

function rowOf({ title, setup }: Topology, { kinds, outcome, lied }: Sighting): readonly string[] {
  const [peer = ""] = outcome.hops;
  const port = { own: ", with its port", none: "", wrong: ", with a wrong port" }[outcome.port];
  return [
    title,
    [...kinds].join(", "),
    policyText(setup),
    peer.replace(/ by .*/, ""),
    outcome.client === "nobody" ? "unknown" : `${outcome.client}${port}`,
    outcome.method,
    `\`${outcome.stop}\``,
    outcome.hops.join(" ← "),
    lied === outcome ? "changes nothing" : `**is believed**: ${lied.client}`,
  ];
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "oxfmt";
import { eventsText, fieldsPageText } from "./audit.mjs";
import { commandsText } from "./command-line.mjs";
import { publishedExports } from "./layout.mjs";
import { Anchors, entryText, inOrder, MARKER } from "./page.mjs";
import { isPreset, presetText } from "./presets.mjs";
import { loadSource } from "./runtime.mjs";
import { originHeadersText } from "./origin-headers.mjs";
import { sendersText } from "./senders.mjs";
import { removedHeadersText } from "./removed-headers.mjs";
import { ROOT } from "./source.mjs";

/** Where the pages stand, from the root. */
const DIRECTORY = "docs/reference";

const { printWidth } = JSON.parse(readFileSync(join(ROOT, ".oxfmtrc.json"), "utf8"));

/** All generated pages: what is written by hand above the marker, and what the sources say. @returns {Promise<Map<string, string>>} by their paths from the root */
export async function referencePages() {
  const exported = publishedExports();
  const bodies = await bodiesOf(exported);
  const pages = new Map();
  for (const [page, body] of bodies) {
    const path = `${DIRECTORY}/${page}.md`;
    const { code, errors } = await format(path, `${headOf(path, page)}${MARKER}\n\n${body}\n`, { printWidth });
    if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
    pages.set(path, code);
  }
  return pages;
}

/** What is written by hand on a page; of a new page its title. */
function headOf(path, page) {
  const file = join(ROOT, path);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return text.includes(MARKER) ? text.slice(0, text.indexOf(MARKER)) : `# ${page}\n\n`;
}

async function bodiesOf(exported) {
  const byPage = grouped(exported);
  const presets = await loadSource("core", "presets/index.ts");
  const names = await namesText();
  const commands = await commandsText();
  const fields = await fieldsPageText();
  const removed = await removedHeadersText();
  const declarations = new Map(exported.map(({ name, declaration }) => [name, declaration]));
  const events = await eventsText(declarations);
  const draw = (anchors) => {
    const bodies = new Map();
    for (const [page, all] of byPage) {
      const specifiers = [...new Set(all.map(({ specifier }) => specifier))];
      const chapters = specifiers.map((specifier) => chapterOf(page, specifier, all, anchors, presets));
      const more = page === "policy" ? [names] : page === "audit-events" ? [events] : [];
      bodies.set(page, [...more, ...chapters].join("\n\n"));
    }
    return new Map([
      ...bodies,
      ["audit-fields", fields],
      ["cli", commands],
      ["origin-headers", originHeadersText(presets)],
      ["removed-headers", removed],
      ["senders", sendersText()],
    ]);
  };
  // Twice: links need the headings, which do not depend on links.
  const anchors = new Anchors();
  for (const [page, body] of draw(anchors)) {
    const own = (byPage.get(page) ?? []).filter(({ isOwn }) => isOwn);
    const specifiers = [...new Set(own.map(({ specifier }) => specifier))];
    const ordered = specifiers.flatMap((specifier) =>
      orderOf(
        page,
        own.filter((each) => each.specifier === specifier),
      ),
    );
    anchors.add(page, `${headOf(`${DIRECTORY}/${page}.md`, page)}${body}`, ordered);
  }
  return draw(anchors);
}

/** The order of the headings of an entry: presets first. */
function orderOf(page, own) {
  const ordered = inOrder(own);
  return page === "presets" ? [...ordered.filter(isPreset), ...ordered.filter((each) => !isPreset(each))] : ordered;
}

function chapterOf(page, specifier, all, anchors, presets) {
  const here = all.filter((each) => each.specifier === specifier);
  if (page !== "presets") return entryText(specifier, here, anchors, page);
  const [found, rest] = [orderOf(page, here).filter(isPreset), here.filter((each) => !isPreset(each))];
  return [
    "## Presets",
    ...found.map((each) => presetText(each, anchors, page, presets)),
    entryText(specifier, rest, anchors, page),
  ].join("\n\n");
}

/** The names that a policy knows. */
async function namesText() {
  const { CONNECTION_METHODS } = await loadSource("core", "evidence/method.ts");
  const { KNOWN_HEADERS } = await loadSource("core", "policy/carrier.ts");
  const { ORIGIN_HEADERS } = await loadSource("core", "policy/origin-header.ts");
  const rows = (table) =>
    Object.entries(table)
      .map(([name, form]) => `- \`${name}\`: \`${form}\``)
      .join("\n");
  return [
    "## Names of carriers",
    `Of a connection or datagram: ${CONNECTION_METHODS.map((name) => `\`${name}\``).join(", ")}. \`nothing\` carves machines out of a wider prefix. Headers, each with its form:`,
    rows(KNOWN_HEADERS),
    "## Names of origin headers",
    "Each with the form of its value:",
    rows(ORIGIN_HEADERS),
  ].join("\n\n");
}

/** By their pages: Node 20 has no Map.groupBy. */
function grouped(exported) {
  const groups = new Map();
  for (const each of exported) groups.set(each.page, [...(groups.get(each.page) ?? []), each]);
  return groups;
}

import GithubSlugger from "github-slugger";
import { commentLine, commentText } from "./comment.mjs";
import { docOfDeclaration, foreignParentsOf, kindOf, membersOf, namesUsed, signatureOf } from "./declaration.mjs";
import { keyOf } from "./layout.mjs";

/** @typedef {import("./layout.mjs").Export} Export */

/** What stands above this line is written by hand, and kept. */
export const MARKER = "<!-- Below this line `npm run reference` writes what the sources say. -->";

const KINDS = ["Functions", "Classes", "Types", "Constants"];

/** A text of ours: one code span, whatever is in it. */
const code = (text) => (text.includes("`") ? `\`\`${text}\`\`` : `\`${text}\``);

/** The headings of everything that has a page: where each declaration is described. */
export class Anchors {
  /** @type {Map<string, { page: string, anchor: string }>} */
  #found = new Map();

  /** @param {string} page @param {string} text The page as it is written. @param {readonly Export[]} exported Its exports, in the order of their headings. */
  add(page, text, exported) {
    const slugger = new GithubSlugger();
    const anchors = new Map();
    for (const [, heading] of text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.*)$/gm)) {
      const anchor = slugger.slug(heading.replaceAll("`", ""));
      anchors.set(heading, [...(anchors.get(heading) ?? []), anchor]);
    }
    for (const { name, declaration } of exported) {
      const anchor = anchors.get(name)?.shift();
      if (anchor !== undefined) this.#found.set(keyOf(declaration), { page, anchor });
    }
  }

  /** A link from a page to what is described; undefined where nothing is. */
  link(declaration, from, name = declaration.name) {
    const { page, anchor } = this.#found.get(keyOf(declaration)) ?? {};
    return page === undefined ? undefined : `[${name}](${page === from ? "" : `${page}.md`}#${anchor})`;
  }
}

/** Functions first, then classes, types and constants, each by its name. @param {readonly Export[]} exported */
export function inOrder(exported) {
  const rank = ({ declaration }) => KINDS.indexOf(kindOf(declaration));
  return exported.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, "en"));
}

/** The chapter of one entry. @param {string} specifier @param {readonly Export[]} exported @param {Anchors} anchors @param {string} page */
export function entryText(specifier, exported, anchors, page) {
  const own = inOrder(exported.filter(({ isOwn }) => isOwn));
  const passedOn = inOrder(exported.filter(({ isOwn }) => !isOwn));
  return [
    `## ${specifier}`,
    ...KINDS.flatMap((kind) => {
      const names = own.filter(({ declaration }) => kindOf(declaration) === kind);
      const links = names.map(({ name, declaration }) => anchors.link(declaration, page, name) ?? name);
      return names.length === 0 ? [] : [`${kind}: ${links.join(", ")}.`];
    }),
    ...(passedOn.length === 0
      ? []
      : [
          `Exported from here as well: ${passedOn.map(({ name, declaration }) => anchors.link(declaration, page, `\`${name}\``) ?? `\`${name}\``).join(", ")}.`,
        ]),
    ...own.map((each) => exportText(each, anchors, page)),
  ].join("\n\n");
}

/** @param {Export} exported @param {Anchors} anchors */
export function exportText({ name, declaration }, anchors, page) {
  const links = namesUsed(declaration)
    .filter((used) => keyOf(used) !== keyOf(declaration))
    .map((used) => anchors.link(used, page))
    .filter((link) => link !== undefined);
  const foreign = foreignParentsOf(declaration);
  const members = membersOf(declaration).map(
    ({ signature, doc }) => `- ${code(signature)}${doc === "" ? "" : `: ${commentLine(doc)}`}`,
  );
  const signature = signatureOf(declaration);
  return [
    `### ${name}`,
    commentText(docOfDeclaration(declaration)),
    signature === "" ? "" : `\`\`\`typescript\n${signature}\n\`\`\``,
    members.join("\n"),
    foreign.length === 0 ? "" : `And what ${foreign.map((parent) => code(parent)).join(" and ")} has.`,
    links.length === 0 ? "" : `See ${links.join(", ")}.`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import GithubSlugger from "github-slugger";
import { lexer, type Tokens, walkTokens } from "marked";

export const ROOT: string = join(import.meta.dirname, "..", "..", "..");

/** Result files and fixtures are written by runs, and changesets by releases: they are no pages. */
const isPage = (path: string): boolean => !path.startsWith(".changeset/") && !path.startsWith("test/vectors/");

/** A Markdown page of the repository, read. */
export interface Page {
  /** Relative to the root, with slashes. */
  readonly path: string;
  /** The slugs of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  /** What its links and pictures lead to. Code holds none. */
  readonly targets: readonly string[];
  readonly blocks: readonly { readonly language: string; readonly text: string }[];
  /** The cells of its tables, as written. */
  readonly cells: readonly string[];
}

/** Every Markdown page in the tree that Git does not ignore. */
export function readPages(): readonly Page[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return listed
    .split("\n")
    .filter((path) => path !== "" && isPage(path))
    .map(readPage);
}

function readPage(path: string): Page {
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  const targets: string[] = [];
  const blocks: { language: string; text: string }[] = [];
  const cells: string[] = [];
  void walkTokens(lexer(readFileSync(join(ROOT, path), "utf8")), (token) => {
    if (token.type === "heading") anchors.add(slugger.slug(plainText(token as Tokens.Heading)));
    else if (token.type === "link" || token.type === "image") targets.push((token as Tokens.Link).href);
    else if (token.type === "code") {
      const { lang = "", text } = token as Tokens.Code;
      blocks.push({ language: lang, text });
    } else if (token.type === "table") {
      const { header, rows } = token as Tokens.Table;
      cells.push(...[header, ...rows].flat().map(({ text }) => text));
    }
  });
  return { path, anchors, targets, blocks, cells };
}

/** A heading's text without its marks: a slug is made of what is shown. */
function plainText(heading: Tokens.Heading): string {
  const parts: string[] = [];
  void walkTokens(heading.tokens, (token) => {
    if ((token.type === "text" || token.type === "codespan") && !("tokens" in token && token.tokens)) {
      parts.push((token as Tokens.Text).text);
    }
  });
  return parts.join("");
}

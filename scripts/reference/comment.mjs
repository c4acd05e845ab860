/** Outside of code, what Markdown would take for its own. */
function escape(text) {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(/[<*]/g, (mark) => `\\${mark}`)))
    .join("");
}

/** Pages of the docs are links where a comment names them by their path. */
function linked(text) {
  return text.replaceAll(/`?docs\/((?:[\w-]+\/)*)([\w-]+)\.md(#[\w-]+)?`?/g, (_, folders, page, anchor = "") => {
    const path =
      folders === "reference/"
        ? `${page}.md`
        : folders.startsWith("reference/")
          ? `${folders.slice(10)}${page}.md`
          : `../${folders}${page}.md`;
    return `[${page}](${path}${anchor})`;
  });
}

/** A doc comment as Markdown: its lines are joined to paragraphs, and its list stays one. */
export function commentText(doc) {
  const paragraphs = [];
  for (const line of doc.split("\n")) {
    const isNew = line === "" || line.startsWith("- ") || paragraphs.length === 0;
    if (isNew) paragraphs.push(line);
    else paragraphs[paragraphs.length - 1] = `${paragraphs.at(-1)} ${line.trim()}`.trim();
  }
  const text = paragraphs.map((paragraph) => linked(escape(paragraph))).join("\n");
  return text.replaceAll(/^(?!- )(.+)\n(?=- )/gm, "$1\n\n").replaceAll(/^(- .+)\n(?!- |\n)(?=.)/gm, "$1\n\n");
}

/** The same on one line, for an element of a list. */
export function commentLine(doc) {
  return linked(escape(doc.replaceAll(/\s+/g, " "))).trim();
}

/** Words of a closed set, each with what its comment says of it, from a list such as "- `unanswered`: its connection ended". @returns {Map<string, string>} */
export function wordsOf(doc) {
  const words = new Map();
  for (const [, word, text] of doc.replaceAll(/\n(?!- |\n)/g, " ").matchAll(/^- `([^`]+)`: (.*)$/gm))
    words.set(word, text);
  return words;
}

// Comments of declarations that only our own packages see: of what the entry "internal" exports, and no entry for users leads to. They stay in the source.
import { parseSync } from "oxc-parser";

/** The entry that only our own packages import. */
const OWN_ENTRY = "internal.d.cts";

/** A part of `code` without these comments, and without the lines that hold nothing else. */
function without(code, comments, from = 0, to = code.length) {
  let text = "";
  for (const { start, end } of comments) {
    const line = code.lastIndexOf("\n", start - 1) + 1;
    const isAlone = code.slice(line, start).trim() === "" && code[end] === "\n";
    text += code.slice(from, isAlone ? line : start);
    from = isAlone ? end + 1 : end;
  }
  return text + code.slice(from, to);
}

/** The statements of a declaration file: what each declares, the names that it mentions, and the comments before it and in it. */
function statementsOf({ fileName, code }) {
  const { program, comments: all } = parseSync(fileName.replace(/\.cts$/, ".ts"), code);
  return program.body.map((node, index) => {
    const start = program.body[index - 1]?.end ?? 0;
    const declared = node.declarations ?? [node];
    const comments = all.filter((comment) => comment.start >= start && comment.end <= node.end);
    return {
      names: declared.flatMap(({ id }) => (id?.name === undefined ? [] : [id.name])),
      mentioned: without(code, comments, start, node.end).match(/[A-Za-z_$][\w$]*/g) ?? [],
      comments,
    };
  });
}

/** Files of declarations, `{ fileName, code, exports, isEntry }`, without these comments. A name that two files declare counts as one. */
export function withoutOwnComments(files) {
  const parsed = files.map((file) => ({ file, statements: statementsOf(file) }));
  const declaring = parsed.flatMap(({ statements }) => statements).filter(({ names }) => names.length > 0);
  const seen = new Set(
    files.flatMap(({ isEntry, fileName, exports }) => (isEntry && fileName !== OWN_ENTRY ? exports : [])),
  );
  // A set that grows while it is walked is walked to its end.
  for (const name of seen)
    for (const { names, mentioned } of declaring)
      if (names.includes(name)) for (const each of mentioned) seen.add(each);
  return parsed.map(({ file, statements }) => {
    const own = statements.filter(({ names }) => names.length > 0 && !names.some((name) => seen.has(name)));
    return {
      ...file,
      code: without(
        file.code,
        own.flatMap(({ comments }) => comments),
      ),
    };
  });
}

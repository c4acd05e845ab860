import { commentText, wordsOf } from "./comment.mjs";
import { docOfDeclaration } from "./declaration.mjs";
import { loadSource } from "./runtime.mjs";
import { sampleRecord } from "./sample-record.mjs";

/** A tree of fields as names with dots. @returns {[name: string, value: unknown][]} */
function flatten(value, prefix = "") {
  return Object.entries(value).flatMap(([key, each]) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? flatten(each, `${prefix}${key}.`)
      : [[`${prefix}${key}`, each]],
  );
}

const VALUE_CHARACTERS = 80;

function fieldsText(fields) {
  return fields
    .toSorted(([a], [b]) => a.localeCompare(b, "en"))
    .map(([name, value]) => {
      const text = JSON.stringify(value);
      return `- \`${name}\`: \`${text.length > VALUE_CHARACTERS ? `${text.slice(0, VALUE_CHARACTERS)}…` : text}\``;
    })
    .join("\n");
}

/** The events, by what the comments of their names say. `declarations` are the audit package's, by name. */
export async function eventsText(declarations) {
  const { AUDIT_EVENT_NAMES, formatEcs } = await loadSource("audit", "index.ts");
  const words = wordsOf(docOfDeclaration(declarations.get("AuditEventName")));
  const codes = wordsOf(docOfDeclaration(declarations.get("ConfigWarningCode")));
  const events = AUDIT_EVENT_NAMES.map((name) => {
    const said = words.get(name);
    if (said === undefined) throw new Error(`the comment of AuditEventName does not say what ${name} is`);
    const { kind, category, type } = formatEcs({ ...sampleRecord(name), request: undefined }).event;
    return [
      `### ${name}`,
      `${commentText(said[0].toUpperCase() + said.slice(1))}`,
      `Channel: \`wherefrom:${name}\`. ECS: \`event.kind\` ${kind}, \`event.category\` ${category.join(" and ")}, \`event.type\` ${type.join(" and ")}.`,
    ].join("\n\n");
  });
  return [
    "## Events",
    ...events,
    "## Codes of config.warning",
    [...codes].map(([word, text]) => `- \`${word}\`: ${commentText(text)}`).join("\n"),
    "The codes of `@wherefrom/net` and `@wherefrom/dgram` are in [warnings](warnings.md).",
  ].join("\n\n");
}

/** The names of the fields in each format, each with an example. */
export async function fieldsPageText() {
  const { AUDIT_EVENT_NAMES, formatEcs, formatOtel, formatCef, formatCombined } = await loadSource("audit", "index.ts");
  const { formatEcsLine } = await loadSource("audit", "formats/ecs.ts");
  const all = (format) => [
    ...new Map(AUDIT_EVENT_NAMES.flatMap((name) => flatten(format(sampleRecord(name))))).entries(),
  ];
  const resolved = sampleRecord("client.resolved");
  const one = { ...resolved, surge: undefined, warning: undefined, numbers: undefined, reason: undefined };
  const otel = (record) => Object.fromEntries(Object.entries(formatOtel(record)).map(([key, value]) => [key, value]));
  return [
    "## Elastic Common Schema",
    "What `formatEcs` writes. A field is absent where nothing is known.",
    fieldsText(all(formatEcs)),
    "## OpenTelemetry",
    "What `formatOtel` writes: attributes of a log record whose EventName is the event's name. `wherefrom.` and a name stand for each of `numbers`, and `http.request.header.` and a name for each captured header.",
    fieldsText(Object.entries(Object.assign({}, ...AUDIT_EVENT_NAMES.map((name) => otel(sampleRecord(name)))))),
    "## JSON Lines",
    "What sinks write by default: the fields of ECS as one line.",
    `\`\`\`json\n${formatEcsLine(one).trimEnd()}\n\`\`\``,
    "## CEF",
    `\`\`\`text\n${formatCef(one)}\n\`\`\``,
    "## Combined Log Format",
    `\`\`\`text\n${formatCombined(one)}\n\`\`\``,
  ].join("\n\n");
}

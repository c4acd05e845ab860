import { explainResolution } from "./explanation.ts";
import type { Paint } from "../terminal/terminal.ts";
import type { Scene } from "./scene.ts";
import type { Answer } from "./service.ts";
import type { Stage } from "./stage.ts";

/** What was played, and what came of it. */
export interface Played {
  readonly scene: Scene;
  readonly answer: Answer;
  /** In which respects the answer is not the expected one. */
  readonly faults: readonly string[];
}

/** Who is who, and what the services believe. */
export function formatStage({ loopback, listPolicy, singlePolicy }: Stage, paint: Paint): string[] {
  const { kind, visitor, edge, inner, service } = loopback;
  const lines = [
    paint("heading", "wherefrom demo: find the client behind proxies and load balancers, and show the proof"),
    "",
    "All parts run on this computer; requests and connections are real.",
    `  visitor  ${visitor}`,
    `  edge     ${edge.padEnd(12)} a reverse proxy: appends the address of its peer to X-Forwarded-For, as nginx does`,
    `  inner    ${inner.padEnd(12)} a second reverse proxy, behind the edge`,
    `  service  ${service.padEnd(12)} node:http, and Express`,
    `  policy   compilePolicy(${formatPolicy(listPolicy)})`,
    `           compilePolicy(${formatPolicy(singlePolicy)}) where the edge says X-Real-IP`,
  ];
  return kind === "aliases" ? lines : [...lines, "", paint("note", REMARKS[kind])];
}

const REMARKS = {
  families:
    "This computer has only the loopback addresses 127.0.0.1 and ::1 (usual on macOS and BSD): the visitor uses IPv6, and the proxies share 127.0.0.1.",
  single:
    "This computer has one loopback address. A rule cannot tell the visitor from the proxies, so the visitor is trusted too and the spoofing scenes are skipped.",
} as const;

function formatPolicy({ trust, from }: Stage["listPolicy"]): string {
  return `{ trust: ${JSON.stringify(trust).replaceAll(",", ", ")}, from: ${JSON.stringify(from)} }`;
}

export function formatPlayed({ scene, answer, faults }: Played, number: number, paint: Paint): string[] {
  const { title, path, moral } = scene;
  const arrived = Object.entries(answer.received).map(
    ([name, value]) => `${paint("quiet", "arrives")}  ${name}: ${value}`,
  );
  const lines = [
    `${paint("quiet", "way")}      ${path}`,
    ...arrived,
    `${paint("quiet", "asks")}     ${answer.asked} ─▶ ${answer.ip ?? "undefined"}`,
    ...explainResolution(answer, paint),
    ...faults.map((fault) => `${paint("bad", "WRONG")}    ${fault}`),
    paint("quiet", moral),
  ];
  return [
    "",
    paint("heading", `${number}. ${title}`),
    `   $ ${formatCurl(scene)}`,
    ...lines.map((line) => `   ${line}`),
  ];
}

export function formatSummary(played: readonly Played[], leftOut: number, paint: Paint): string {
  const wrong = played.filter(({ faults }) => faults.length > 0).length;
  const skipped = leftOut === 0 ? "" : ` ${leftOut} skipped (no extra loopback addresses).`;
  return wrong === 0
    ? `${paint("good", `All ${played.length} answers are as expected.`)}${skipped}`
    : `${paint("bad", `${wrong} of ${played.length} answers are not as expected.`)}${skipped}`;
}

/** One line of JSON. Beside ours the keys are those of a Resolution; a client that is not known is absent. */
export function formatJson({ scene, answer, faults }: Played): string {
  const { title, path, expected } = scene;
  const { received, ...resolution } = answer;
  const request = { path, curl: formatCurl(scene), received };
  return JSON.stringify({ title, ok: faults.length === 0, faults, request, expected, ...resolution });
}

/** The line that sends the same request from a shell. */
export function formatCurl({ url, from, headers }: Scene): string {
  const fields = Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  return ["curl", `--interface ${from}`, ...fields, quote(url)].join(" ");
}

/** For a POSIX shell. */
function quote(text: string): string {
  return /^[\w:/.,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

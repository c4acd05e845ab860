import { code, importsOf, policyCode } from "./policy-code.ts";
import type { Diagnosis, Verdict } from "../verdict/diagnosis.ts";
import type { Finding, Severity } from "../causes/finding.ts";
import { formatMany } from "../../terminal/number-text.ts";
import type { Paint } from "../../terminal/terminal.ts";
import { plainText } from "../../terminal/plain-text.ts";
import { vendorOf } from "../evidence/vendor.ts";

/** Columns of a line. */
const WIDTH = 100;
/** Longest text of a finding or of a policy that a terminal is given, in characters. */
const TEXT_LIMIT = 4000;
/** Most paths, and most prefixes of a policy in force, that are shown. */
const PATH_LIMIT = 8;

const SENTENCES: Readonly<Record<Verdict, string>> = {
  right: "The policy is right for the requests of this machine.",
  wrong: "The policy is WRONG: the service takes clients for other machines, or does not know them.",
  forgeable: "The policy is FORGEABLE: the service took an address that this command made up for the client.",
  open: "The policy is right behind the proxy, and clients can reach the service ROUND the proxy.",
  unproven: "NOT PROVEN: what was seen fits the policy, or the line below, and does not prove it.",
  lost: "The address is LOST before it reaches the service: no policy can name the client.",
  "no answer": "No probe reached the doctor of the service.",
};

const SURENESS: Readonly<Record<Diagnosis["sureness"], string>> = {
  certain: "the address of this command's own socket, and it arrived",
  given: "as you said, and it arrived",
  inferred: "not sure: this command is behind a NAT, and the edge wrote this",
  lost: "it arrived nowhere",
  none: "",
};

const MARKS: Readonly<Record<Severity, readonly [mark: string, ink: Parameters<Paint>[0]]>> = {
  error: ["✗", "bad"],
  warning: ["!", "note"],
  note: ["·", "quiet"],
};

/** What a person reads: the verdict first. Text of other machines is escaped. */
export function textReport(url: string, diagnosis: Diagnosis, paint: Paint): readonly string[] {
  const { findings, suggestion, limits } = diagnosis;
  const isWrong = findings.some(({ severity }) => severity === "error");
  const verdict = `${isWrong ? "✗" : "✓"} ${SENTENCES[diagnosis.verdict]}`;
  const loud = findings.filter(({ severity }) => severity !== "note");
  const notes = findings.filter(({ severity }) => severity === "note");
  const isUnproven = diagnosis.verdict === "unproven" || diagnosis.verdict === "lost";
  return [
    `wherefrom doctor ${plainText(url, TEXT_LIMIT)}`,
    "",
    `  ${paint(isWrong ? "bad" : isUnproven ? "note" : "good", verdict)}`,
    "",
    ...facts(diagnosis),
    "",
    ...loud.flatMap((finding) => [...findingText(finding, paint), ""]),
    ...(suggestion === undefined ? adviceWithout(diagnosis) : pasteText(suggestion, diagnosis.verdict === "unproven")),
    ...notes.map(({ code: name, detail, path }) => `  · ${wrap(`${name}: ${where(path)}${detail}`, 4)}`),
    ...(limits.length === 0 ? [] : ["", "  Not seen:", ...limits.map((limit) => `  · ${wrap(limit, 4)}`)]),
  ];
}

function facts({ self, sureness, paths, present, tally, probes, unanswered }: Diagnosis): readonly string[] {
  const lines: string[] = [];
  if (self !== undefined) lines.push(`  you      ${self}  (${SURENESS[sureness]})`);
  for (const { peer, options } of paths.slice(0, PATH_LIMIT)) {
    const machines = [...new Set(options.flatMap((option) => option.machines))].filter((machine) => machine !== peer);
    const isDirect = peer === self && options.every(({ kind }) => kind === "peer");
    const steps = ["you", ...machines.reverse(), ...(isDirect ? [] : [peer])].map(withVendor);
    lines.push(`  path     ${[...steps, "the service"].join(" → ")}`);
  }
  for (const { habits } of paths.slice(0, 2)) {
    const known = [...habits].filter(([, { behaviour }]) => behaviour !== "passed" && behaviour !== "dropped");
    const passed = [...habits.values()].filter(({ behaviour }) => behaviour === "passed").length;
    const words = known.map(([name, { behaviour }]) => `${plainText(name, 64)} ${behaviour}`);
    if (passed > 0)
      words.push(
        `${formatMany(passed, "header passes", "headers pass")} as the client writes ${passed === 1 ? "it" : "them"}`,
      );
    if (words.length > 0) lines.push(`  headers  ${wrap(words.join(", "), 11)}`);
  }
  if (present !== undefined) lines.push(`  policy   ${wrap(code(present), 11)}`);
  const answers = tally.right + tally.wrong + tally.unknown + tally.nonce;
  if (answers > 0) {
    const silent = unanswered > 0 ? ` (${unanswered} not answered by the doctor of the service)` : "";
    const words = [
      `${formatMany(tally.right, "answer names", "answers name")} you`,
      `${tally.wrong} another machine`,
      `${tally.unknown} no client`,
      `${tally.nonce} an address that was made up`,
    ];
    lines.push(`  asked    ${wrap(`${probes} times${silent}: ${words.join(", ")}`, 11)}`);
  }
  return lines;
}

function withVendor(machine: string): string {
  const vendor = vendorOf(machine);
  return vendor === undefined ? machine : `${machine} (${vendor.preset})`;
}

function findingText({ severity, code: name, detail, fix, path }: Finding, paint: Paint): readonly string[] {
  const [mark, ink] = MARKS[severity];
  return [
    `  ${paint(ink, `${mark} ${name}`)}`,
    `      ${wrap(`${where(path)}${detail}`, 6)}`,
    ...(fix === undefined ? [] : [`      → ${wrap(fix, 8)}`]),
  ];
}

function where(path: string | undefined): string {
  return path === undefined ? "" : `on ${path}: `;
}

function pasteText(suggestion: NonNullable<Diagnosis["suggestion"]>, isUnproven: boolean): readonly string[] {
  const { server, after, why } = suggestion;
  const answers = after === undefined ? 0 : after.right + after.wrong + after.unknown + after.nonce;
  const others =
    after === undefined
      ? ""
      : [
          after.unknown > 0 ? `, ${after.unknown} no client` : "",
          after.wrong > 0 ? `, ${after.wrong} another machine` : "",
        ].join("");
  const proof =
    after === undefined
      ? `Not tried: ${why}.`
      : `${isUnproven ? "Not proven, see above. " : ""}Tried over all ${answers} answers: ${after.right} name you, ${after.nonce} an address that was made up${others}.`;
  return [
    "  Paste:",
    "",
    `      compilePolicy(${plainText(policyCode(suggestion), TEXT_LIMIT)});`,
    ...(server === undefined ? [] : [`      wherefrom(server, policy, ${code(server)});`]),
    ...importsOf(suggestion).map((line) => `      // ${line}`),
    "",
    `      ${wrap(proof, 6)}`,
    "",
  ];
}

function adviceWithout({ findings, verdict }: Diagnosis): readonly string[] {
  if (verdict === "no answer" || !findings.some(({ severity }) => severity === "error")) return [];
  return ["  No policy helps here: correct what stands in front of the service (→), then run the doctor again.", ""];
}

/** Escaped, and broken into lines that begin at `indent`. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of plainText(text, TEXT_LIMIT).split(" ")) {
    if (line !== "" && indent + line.length + word.length >= WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

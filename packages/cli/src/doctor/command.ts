import { deriveKeys } from "@wherefrom/doctor/protocol";
import { armDoctor } from "./arm.ts";
import { askStatus, incidentsSince } from "./probing/incidents.ts";
import type { Command } from "../terminal/command.ts";
import { createPaint, refuse, type Terminal } from "../terminal/terminal.ts";
import { diagnose, type Diagnosis } from "./verdict/diagnosis.ts";
import { DOCTOR_OPTIONS, type ProbeOptions, readProbeOptions } from "./command-options.ts";
import type { Evidence } from "./evidence/probe.ts";
import { jsonReport } from "./output/json.ts";
import { listenAlone } from "./listen.ts";
import { mergeDiagnoses, type PathDiagnosis } from "./verdict/merge.ts";
import { pinAddress } from "./probing/http1.ts";
import { Prober } from "./probing/prober.ts";
import { PROOF_WINDOW_MS } from "@wherefrom/doctor/protocol";
import { jsonLine } from "@wherefrom/core/internal";
import { runProbes } from "./probing/run.ts";
import { textReport } from "./output/text.ts";

/** Between two probes of `--gentle`, in milliseconds. */
const GENTLE_MS = 200;
/** Exit code where nothing could be learned. */
const NOTHING_LEARNED = 3;
/** Exit code of a program that the operator ended by Ctrl-C, as shells have it: 128 and the number of the signal. */
const INTERRUPTED = 130;

/** What is in front of a service, whether its policy is right, and what line to write. */
export const doctor: Command = {
  exitCodes: { 3: "nothing could be learnt" },
  summary: "probe a service: what stands in front of it, whether its policy is right, and the line to write",
  words: "URL",
  options: DOCTOR_OPTIONS,
  run: async (given, terminal) => {
    const { names } = given;
    const program = "wherefrom doctor";
    if (names.has("arm")) return armDoctor(given, terminal);
    if (names.has("listen")) return listenAlone(given, terminal, process.env);
    if (names.has("host")) return refuse("--host belongs to --listen.", program, terminal);
    const options = readProbeOptions(given, process.env);
    if (typeof options === "string") return refuse(options, program, terminal);
    const interruption = new AbortController();
    void terminal.interruption().then(() => interruption.abort());
    let diagnosis: Diagnosis;
    try {
      diagnosis = await examine(options, interruption.signal, terminal);
    } catch (error) {
      terminal.progress?.("");
      if (interruption.signal.aborted) return INTERRUPTED;
      terminal.err((error as Error).message);
      return NOTHING_LEARNED;
    }
    terminal.progress?.("");
    if (names.has("json")) terminal.out(jsonLine(jsonReport(options.url, diagnosis)).trimEnd());
    else for (const line of textReport(options.url, diagnosis, createPaint(terminal.hasColors))) terminal.out(line);
    return exitCodeOf(diagnosis, names.has("strict"));
  },
};

/** 0: no error. 1: errors, or with `--strict` warnings. 3: nothing could be learned. */
function exitCodeOf({ findings }: Diagnosis, isStrict: boolean): number {
  if (findings.some(({ code }) => code === "no-answer")) return NOTHING_LEARNED;
  const counted = isStrict ? ["error", "warning"] : ["error"];
  return findings.some(({ severity }) => counted.includes(severity)) ? 1 : 0;
}

/** Probes all paths and merges what they tell. Rejects with a sentence, or when `signal` aborts. */
async function examine(options: ProbeOptions, signal: AbortSignal, terminal: Terminal): Promise<Diagnosis> {
  const { local, me, paths, isGentle, token } = options;
  const target = await pinAddress(options.target, signal);
  const before = local === undefined ? undefined : await askStatus(local);
  const askIncidents = async () =>
    local === undefined || before === undefined ? undefined : incidentsSince(local, before);
  const found: PathDiagnosis[] = [];
  let skewMs = clockOf(before);
  let sent = 0;
  for (const path of paths) {
    const open = (): Prober =>
      new Prober({
        target,
        // Once: it is the same service on every path.
        direct: found.length === 0 ? options.direct : undefined,
        path,
        keys: deriveKeys(token),
        skewMs,
        pauseMs: isGentle ? GENTLE_MS : 0,
        signal,
        progress: () => terminal.progress?.(`${++sent} probes, ${path}`),
      });
    let evidence = await runProbes(open(), me, askIncidents);
    if (evidence.skewMs !== undefined && evidence.refusal === undefined && skewMs === 0) {
      // Proofs of our own clock were too old or too new over there.
      skewMs = evidence.skewMs;
      evidence = await runProbes(open(), me, askIncidents);
    }
    found.push({ path, diagnosis: diagnose(evidence) });
    // The edge has said that it wants no more, or no machine there speaks HTTP: another path says the same.
    if (evidence.refusal !== undefined || isDead(evidence)) break;
  }
  // A path that is not routed to the service does not hide what another one tells.
  const answered = found.filter(({ diagnosis }) => diagnosis.verdict !== "no answer");
  const silent = found.filter(({ diagnosis }) => diagnosis.verdict === "no answer");
  return mergeDiagnoses([...answered, ...silent] as unknown as readonly [PathDiagnosis, ...PathDiagnosis[]]);
}

/** Whether no probe had an answer but errors of a gateway. */
function isDead({ probes }: Evidence): boolean {
  return probes.every(({ sighting, failure }) => sighting === undefined && (failure?.status ?? 500) >= 500);
}

/** The service's clock less ours, where the local socket told it and proofs would not be good. */
function clockOf(statuses: Awaited<ReturnType<typeof askStatus>> | undefined): number {
  const skew = (statuses?.[0]?.self.now ?? Date.now()) - Date.now();
  return Math.abs(skew) > PROOF_WINDOW_MS / 2 ? skew : 0;
}

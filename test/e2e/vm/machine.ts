import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { CaseReport } from "./inside/case-group.ts";

/** The image is unpacked into memory, and stands there twice while it is. */
const MEMORY_MB = 1536;
/** Emulated, and beside others, the slowest case takes a minute and more; a kernel that hangs says nothing ever again. */
const SILENCE_MS = 300_000;
/** Lines of the console that stand in a failure's message. */
const TAIL_LINES = 40;

/** A kernel that boots, runs all cases one after the other and powers off. */
export interface Machine {
  /** What the case with this title reported; rejects, with the console's last lines, where the machine ended or fell silent before it. */
  readonly report: (title: string) => Promise<CaseReport>;
  /** Ends it, wherever it is. */
  readonly stop: () => Promise<void>;
}

/**
 * Boots under software emulation (`-accel tcg`, no rights needed, no network card). qemu ends with us, however we end: the kernel sends it the signal
 * (prctl(2), PR_SET_PDEATHSIG).
 */
export function bootMachine(kernelDirectory: string, initrd: string, hardware: readonly string[]): Machine {
  const options = {
    accel: "tcg,thread=multi",
    cpu: "max",
    smp: "2",
    m: `${MEMORY_MB}`,
    nic: "none",
    display: "none",
    serial: "stdio",
    kernel: join(kernelDirectory, "vmlinuz"),
    initrd,
    append: "console=ttyS0 panic=-1 quiet loglevel=4",
  };
  const words = Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]);
  const flags = ["-nodefaults", "-no-user-config", "-no-reboot", ...hardware];
  const qemu = spawn("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...flags, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return listenTo(qemu);
}

function listenTo(qemu: ChildProcess): Machine {
  const reports = new Map<string, CaseReport>();
  const waiting = new Map<string, (answer: CaseReport | Error) => void>();
  const tail: string[] = [];
  let end: Error | undefined;

  const finish = (why: string): void => {
    end ??= new Error(`${why}; the console's last lines:\n${tail.join("\n")}`);
    clearTimeout(silence);
    for (const answer of waiting.values()) answer(end);
    waiting.clear();
  };
  const silence = setTimeout(() => {
    finish(`no case has ended for ${SILENCE_MS / 1000} seconds`);
    qemu.kill("SIGKILL");
  }, SILENCE_MS);

  const hear = (line: string): void => {
    const report = readReport(line);
    if (report === undefined) {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      return;
    }
    silence.refresh();
    reports.set(report.title, report);
    waiting.get(report.title)?.(report);
    waiting.delete(report.title);
  };
  for (const stream of [qemu.stdout, qemu.stderr]) if (stream !== null) createInterface(stream).on("line", hear);
  qemu.on("error", (error) => finish(`qemu did not start: ${error.message}`));
  const ended = once(qemu, "close").then(
    () => finish(`the machine ended (${qemu.signalCode ?? `exit code ${qemu.exitCode}`})`),
    () => {},
  );

  return {
    report: async (title) => {
      const known = reports.get(title);
      if (known !== undefined) return known;
      const answer = end ?? (await new Promise<CaseReport | Error>((resolve) => waiting.set(title, resolve)));
      if (answer instanceof Error) throw answer;
      return answer;
    },
    stop: async () => {
      qemu.kill("SIGKILL");
      await ended;
    },
  };
}

/** A case's line on the console, which other lines stand between. */
function readReport(line: string): CaseReport | undefined {
  const json = /@case (\{.*\})\s*$/.exec(line)?.[1];
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json) as CaseReport;
  } catch {
    return undefined;
  }
}

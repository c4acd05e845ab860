import { askLocal, localSocketsOf } from "@wherefrom/doctor/protocol";
import { fail, refuse, type Terminal } from "../terminal/terminal.ts";
import type { OptionReading } from "../terminal/option.ts";
import { armMs } from "@wherefrom/doctor/protocol";
import { formatMany } from "../terminal/number-text.ts";

/** Arms the doctor of every process behind a local socket. Answers the exit code. */
export async function armDoctor({ values, words }: OptionReading, terminal: Terminal): Promise<number> {
  const program = "wherefrom doctor";
  const { arm = "", local } = values;
  const ms = armMs(arm);
  if (ms === undefined)
    return refuse(`"${arm}" of --arm is not a time such as 90s, 15m or 2h, of 24 hours or less.`, program, terminal);
  if (local === undefined)
    return refuse("--arm needs --local SOCKET: the path that the service gave its doctor.", program, terminal);
  if (words.length > 0) return refuse("--arm probes nothing: leave the URL out.", program, terminal);
  const paths = await localSocketsOf(local).catch(() => []);
  const answers = await Promise.allSettled(
    (paths.length === 0 ? [local] : paths).map((path) => askLocal(path, { v: 1, ask: "arm", ms })),
  );
  const armed = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  const [first] = answers;
  if (armed.length === 0) {
    const reason = first?.status === "rejected" ? (first.reason as Error).message : "no socket is there";
    return fail(
      `The local socket ${local} does not answer: ${reason}. Is the service running, with doctor({ token, socket })?`,
      terminal,
    );
  }
  terminal.out(`The doctor of ${formatMany(armed.length, "process", "processes")} answers probes for ${arm}.`);
  return 0;
}

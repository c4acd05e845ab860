import type { HeaderLine } from "../evidence/sighting.ts";
import type { OwnSocket } from "../evidence/probe.ts";

/** Where a probe goes: a host that the operator named, and nothing else. */
export interface Target {
  readonly isSecure: boolean;
  /** A name or an address, without brackets. */
  readonly host: string;
  /** The address of `host` to which all probes go: what is seen of one family or machine says nothing of another. Absent where it is looked up each time. */
  readonly address?: string;
  readonly port: number;
  /** What the Host header says. */
  readonly authority: string;
  /** Whether the certificate is checked. */
  readonly isChecked: boolean;
}

/** One request to send. */
export interface Message {
  readonly path: string;
  /** In their order, after Host. */
  readonly lines: readonly HeaderLine[];
  readonly signal: AbortSignal;
}

/** An HTTP answer, of whichever machine. */
export interface Reply {
  readonly status: number;
  /** No more than the longest sealed answer. */
  readonly text: string;
  readonly socket: OwnSocket;
  /** Whether it has no header but Connection: an answer of Node's parser. */
  readonly isBare: boolean;
  readonly location: string | undefined;
  /** `Date`, in milliseconds; undefined where the answer may have come from a cache. */
  readonly date: number | undefined;
}

/** How long one probe may take, in milliseconds: a far edge answers in a tenth of that, and where two are silent the command still ends within ten seconds. */
export const PROBE_MS = 4500;

/** Ends a probe that takes longer. */
export function timeoutError(): Error {
  return Object.assign(new Error("the probe was not answered in time"), { name: "TimeoutError" });
}

/** A failure that has a word: Node's code, or "TIMEOUT". */
export function errorWord(error: unknown): string {
  const { code, message, name } = error as NodeJS.ErrnoException;
  if (name === "TimeoutError") return "TIMEOUT";
  return code ?? message;
}

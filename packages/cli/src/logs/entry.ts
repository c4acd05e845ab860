/** What one line of a log says. What it does not say is undefined. */
export interface LogEntry {
  /** Seconds since 1970, whole. */
  readonly second: number;
  /** The address that the server wrote as its client's, or whatever stands in its place. */
  readonly source: string;
  /** X-Forwarded-For as the server got it. */
  readonly forwarded?: string | undefined;
  readonly method?: string | undefined;
  /** With its query, where it was written with it. */
  readonly path?: string | undefined;
  readonly status?: number | undefined;
  readonly bytes?: number | undefined;
  readonly agent?: string | undefined;
  readonly country?: string | undefined;
  readonly asn?: number | undefined;
  readonly organization?: string | undefined;
  /** Of our own events: what happened, why, and whether its client was proven. */
  readonly action?: string | undefined;
  readonly reason?: string | undefined;
  readonly isProven?: boolean | undefined;
  readonly continent?: string | undefined;
  readonly region?: string | undefined;
  readonly city?: string | undefined;
}

/** Undefined for a line that is none of the format; "skip" for one that is and tells of no request (a heading, a start-up message). */
export type ReadLine = (line: string) => LogEntry | "skip" | undefined;

/** "-" and nothing are how logs write what was not there. */
export function given(text: string | undefined): string | undefined {
  return text === undefined || text === "-" || text === "" ? undefined : text;
}

export function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** "203.0.113.7:4711" and "[2001:db8::1]:4711" without the port; anything else as it is. */
export function withoutPort(text: string): string {
  if (text.startsWith("[")) return text.slice(1, Math.max(1, text.indexOf("]")));
  const colon = text.indexOf(":");
  return colon > 0 && text.indexOf(":", colon + 1) < 0 ? text.slice(0, colon) : text;
}

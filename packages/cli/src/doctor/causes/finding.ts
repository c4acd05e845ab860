import type { CauseCode } from "@wherefrom/doctor/protocol";

/** "error": a wrong client, or none, for honest requests; or a client that a liar chooses. "warning": what may become one. "note": worth knowing. */
export type Severity = "error" | "warning" | "note";

/** One thing that this command found out. */
export interface Finding {
  readonly severity: Severity;
  readonly code: CauseCode;
  /** What was seen. Text of the service's or a machine's in it is not escaped: that is the output's to do. */
  readonly detail: string;
  /** What to change. */
  readonly fix?: string;
  /** The URL path on which it was seen, where it was not seen on the first. */
  readonly path?: string;
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

/** Findings in their order, each code and subject once. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  /** `subject` tells findings of one code apart; without it the detail does. The first of a subject counts. */
  add(severity: Severity, code: CauseCode, detail: string, fix?: string, subject: string = detail): void {
    const key = `${code} ${subject}`;
    if (!this.#found.has(key)) this.#found.set(key, { severity, code, detail, ...(fix !== undefined && { fix }) });
  }

  has(code: CauseCode): boolean {
    return [...this.#found.values()].some((finding) => finding.code === code);
  }

  /** The worst first. */
  get sorted(): readonly Finding[] {
    return sortFindings([...this.#found.values()]);
  }
}

export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

import { compilePolicy, type Policy } from "@wherefrom/core";
import { currentClient } from "../src/neighbours/client-context.ts";

export const policy: Policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
export const current = (): string | undefined => currentClient()?.client?.address;

/** What was called, whose it was, and whose client was current. */
export class Log {
  readonly lines: { readonly what: string; readonly own: string | undefined; readonly current: string | undefined }[] =
    [];
  note = (what: string, own: string | undefined): void => void this.lines.push({ what, own, current: current() });
  /** Lines that name a client who is not their own; `whats` may be nobody's. */
  wrong(...whats: readonly string[]): readonly unknown[] {
    return this.lines.filter(
      (line) => line.current !== line.own && !(line.current === undefined && whats.includes(line.what)),
    );
  }
  count(what: string): number {
    return this.lines.filter((line) => line.what === what).length;
  }
}

import { randomBytes } from "node:crypto";
import { operatorNotices, type OperatorNotice } from "@wherefrom/net";
import type { SelfDescription } from "../protocol/answer.ts";
import { describeMachine } from "./machine.ts";

/** Of this process. */
const INSTANCE = randomBytes(6).toString("hex");

/** Notices that say nothing of other clients or machines. The others quote addresses and bytes of theirs, and are for the local socket alone. */
const OWN_NOTICES: readonly OperatorNotice["code"][] = [
  "stale-ranges",
  "toa-unreadable",
  "carrier-unread",
  "request-property-fixed",
  "uoa-module-loaded",
  "source-failing",
  "source-stale",
  "socket-option-unapplied",
];

/** The process as it is now. To whom it is told says which notices stand in it. */
export function describeSelf(
  now: number,
  { isArmed, until }: { readonly isArmed: boolean; readonly until: number | undefined },
  reader: "prober" | "local socket",
): SelfDescription {
  return {
    v: 1,
    instance: INSTANCE,
    process: process.pid,
    now,
    isArmed,
    ...(until !== undefined && { armedUntil: until }),
    ...describeMachine(),
    notices: operatorNotices()
      .filter(({ code }) => reader === "local socket" || OWN_NOTICES.includes(code))
      .map(({ code, detail }) => ({ code, detail })),
  };
}

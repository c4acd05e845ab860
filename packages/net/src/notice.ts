import { channel } from "node:diagnostics_channel";

/** What the operator should know about the service's own setting; told once. */
export interface OperatorNotice {
  readonly code: "stale-ranges" | "toa-unreadable";
  readonly detail: string;
}

/** The name of the diagnostics channel (node:diagnostics_channel) that tells of every `OperatorNotice`. */
export const NOTICE_CHANNEL = "wherefrom:notice";

/** On globalThis: what was told so far, by all copies of this package. */
const NOTICES: unique symbol = Symbol.for("wherefrom.notices");
/** Notices that are kept: there is one for each policy or server, and a process that makes these all day would keep too many. */
const NOTICE_LIMIT = 100;

const notices = channel(NOTICE_CHANNEL);

function kept(): OperatorNotice[] {
  return ((globalThis as { [NOTICES]?: OperatorNotice[] })[NOTICES] ??= []);
}

/** What was told before anybody could subscribe: policies are made when a service starts. */
export function operatorNotices(): readonly OperatorNotice[] {
  return [...kept()];
}

/** A process warning, with its code, and a message on the channel. */
export function tellOperator(notice: OperatorNotice, warningCode: string): void {
  process.emitWarning(notice.detail, { type: "WherefromWarning", code: warningCode });
  const all = kept();
  all.push(notice);
  if (all.length > NOTICE_LIMIT) all.shift();
  notices.publish(notice);
}

import type { AuditRecord } from "../event/record.ts";
import { quotedText } from "./line-text.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * The record as a line of Apache's Combined Log Format, in UTC. Its first field is the client, or "-" where none is proven; for the peer, the method and the proof
 * it has no place. Referers are not kept.
 */
export function formatCombined({ client, user, time, request }: AuditRecord): string {
  const { method = "-", path = "-", httpVersion, status, bytes, userAgent } = request ?? {};
  const line = quotedText(`${method} ${path}${httpVersion === undefined ? "" : ` HTTP/${httpVersion}`}`);
  const who = user === undefined ? "-" : quotedText(user.id).replaceAll(" ", "\\x20");
  const agent = userAgent === undefined ? "-" : quotedText(userAgent);
  return `${client?.address ?? "-"} - ${who} [${formatTime(time)}] "${line}" ${status ?? "-"} ${bytes ?? "-"} "-" "${agent}"`;
}

function formatTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  return `${date}:${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())} +0000`;
}

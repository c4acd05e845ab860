import type { AuditRecord } from "./audit-record.ts";
import { plainText } from "./line-text.ts";

/** Severity from 0 to 10, and the event's name for people. */
const EVENTS: Readonly<Record<AuditRecord["name"], { severity: number; title: string }>> = {
  "client.resolved": { severity: 1, title: "Client resolved" },
  "client.rejected": { severity: 5, title: "Claim about a client rejected" },
  "login.location": { severity: 2, title: "Login" },
  "login.anomaly": { severity: 7, title: "Login from an unusual place" },
};

/**
 * The record in ArcSight's Common Event Format 0: one line. In the header `\` and `|` are escaped, in values `\` and `=`; no text can end the line, because
 * unprintable characters become spaces. `src` is there where the client is proven, and holds an address in `privacy: "full"` only.
 */
export function formatCef(record: AuditRecord): string {
  const { name, client, peer, local, request, user, place } = record;
  const { severity, title } = EVENTS[name];
  const values: readonly (readonly [string, string | number | undefined])[] = [
    ["rt", record.time.getTime()],
    ["src", client?.address],
    ["spt", client?.port],
    ["sourceTranslatedAddress", peer?.address],
    ["sourceTranslatedPort", peer?.port],
    ["dst", local?.address],
    ["dpt", local?.port],
    ["proto", record.transport],
    ["suid", user?.id],
    ["suser", user?.name],
    ["requestMethod", request?.method],
    ["request", request?.path],
    ["requestClientApplication", request?.userAgent],
    ["outcome", record.outcome],
    ["reason", record.reason],
    ["cs1Label", "method"],
    ["cs1", record.method],
    ["cs2Label", "stop"],
    ["cs2", record.stop],
    ["cs3Label", "hops"],
    ["cs3", record.hops.map(({ address, format }) => `${format} ${address ?? "?"}`).join(", ")],
    ["cs4Label", place?.country === undefined ? undefined : "country"],
    ["cs4", place?.country],
    ["cn1Label", place?.asn === undefined ? undefined : "asn"],
    ["cn1", place?.asn],
  ];
  const extension = values.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${escapeValue(value)}`]));
  return `CEF:0|wherefrom|audit|0|${name}|${title}|${severity}|${extension.join(" ")}`;
}

function escapeValue(value: string | number): string {
  return plainText(String(value)).replace(/[\\=]/g, "\\$&");
}

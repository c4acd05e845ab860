import type { AuditRecord } from "../event/record.ts";
import { plainText } from "./line-text.ts";

/** Severity from 0 to 10, and the event's name for people. */
const EVENTS: Readonly<Record<AuditRecord["name"], { severity: number; title: string }>> = {
  "client.resolved": { severity: 1, title: "Client resolved" },
  "client.rejected": { severity: 5, title: "Claim about a client rejected" },
  "login.location": { severity: 2, title: "Login" },
  "login.anomaly": { severity: 7, title: "Login from an unusual place" },
  "traffic.surge": { severity: 8, title: "More traffic than usual" },
  "config.warning": { severity: 5, title: "Something about the setting" },
};

/** How bad it is, from 0 to 10. */
export function severityOf(name: AuditRecord["name"]): number {
  return EVENTS[name].severity;
}

/**
 * The record in ArcSight's Common Event Format 0: one line. In the header `\` and `|` are escaped, in values `\` and `=`; no text can end the line, because
 * unprintable characters become spaces. `src` is there where the client is proven, and holds an address in `privacy: "full"` only.
 */
export function formatCef(record: AuditRecord): string {
  const { name, client, peer, local, request, surge, warning, user, place } = record;
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
    ["act", request?.ending],
    ["reason", record.reason],
    ["msg", warning?.detail ?? record.finding?.message],
    ["externalId", request?.id],
    ["start", surge?.start.getTime()],
    ["end", surge?.end?.getTime()],
    ["cnt", surge?.requests],
    ...labelled("cs1", "method", record.method),
    ...labelled("cs2", "stop", record.stop),
    ...labelled("cs3", "hops", hopText(record)),
    ...labelled("cs4", "country", place?.country),
    ...labelled("cn1", "asn", place?.asn),
    ...labelled("cs5", "surge", surge?.id),
    ...labelled("cs6", "block", surge === undefined || surge.block.length === 0 ? undefined : surge.block.join(", ")),
  ];
  const extension = values.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${escapeValue(value)}`]));
  return `CEF:0|wherefrom|audit|0|${name}|${title}|${severity}|${extension.join(" ")}`;
}

function escapeValue(value: string | number): string {
  return plainText(String(value)).replace(/[\\=]/g, "\\$&");
}

/** A field of one's own has its name in a second one. */
function labelled(
  key: string,
  label: string,
  value: string | number | undefined,
): readonly (readonly [string, string | number])[] {
  return value === undefined
    ? []
    : [
        [`${key}Label`, label],
        [key, value],
      ];
}

function hopText({ hops }: AuditRecord): string | undefined {
  return hops.length === 0 ? undefined : hops.map(({ address, format }) => `${format} ${address ?? "?"}`).join(", ");
}

import { askLocal, type LocalStatus, localSocketsOf, type Report } from "@wherefrom/doctor/protocol";
import { canonical } from "../evidence/address.ts";
import type { Incident } from "../evidence/probe.ts";

/** The local sockets of a service that answer: one for each of its processes. Rejects with one sentence where none does. */
export async function askStatus(socket: string): Promise<readonly LocalStatus[]> {
  const paths = await localSocketsOf(socket).catch(() => [socket]);
  const answers = await Promise.allSettled(
    (paths.length === 0 ? [socket] : paths).map((path) => askLocal(path, { v: 1, ask: "status" })),
  );
  const statuses = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  if (statuses.length > 0) return statuses;
  const [failed] = answers;
  const reason = failed?.status === "rejected" ? (failed.reason as Error).message : "no socket is there";
  throw new Error(`The local socket ${socket} does not answer: ${reason}.`);
}

/** What never became a request, of all processes, since `statuses` were asked for. */
export async function incidentsSince(socket: string, statuses: readonly LocalStatus[]): Promise<readonly Incident[]> {
  const now = await askStatus(socket);
  return now.flatMap(({ self, reports }) => {
    const before = statuses.find(({ self: { instance } }) => instance === self.instance);
    return reports.filter(({ at }) => at >= (before?.self.now ?? 0)).flatMap(incidentOf);
  });
}

function incidentOf(report: Report): readonly Incident[] {
  if (report.kind === "probe") return [];
  return [
    {
      kind: report.kind,
      reason: report.kind === "proxy-refused" ? report.reason : undefined,
      version: report.kind === "proxy-unread" ? report.version : undefined,
      peer: canonical(report.peer) ?? report.transport,
    },
  ];
}

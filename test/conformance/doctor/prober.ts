import { connect } from "node:net";
import {
  type Answer,
  deriveKeys,
  makeProof,
  newProbeId,
  PROBE_HEADER,
  type Refused,
  unseal,
} from "@wherefrom/doctor/protocol";

/** What services and probes of these tests share. */
export const TOKEN = "a token of the tests";
export const KEYS = deriveKeys(TOKEN);

/** The line of a probe's header. */
export function proofLine(id: string = newProbeId(), at: number = Date.now()): string {
  return `${PROBE_HEADER}: ${makeProof(KEYS, id, at)}`;
}

/** All bytes of the answer to a request of these header lines, as Latin-1, without the value of Date. */
export async function askBytes(
  port: number,
  lines: readonly string[],
  target = "/",
  method = "GET",
  body = "",
): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const head = [`${method} ${target} HTTP/1.1`, "Host: app.example", "Connection: close", ...lines];
  if (body !== "") head.push(`Content-Length: ${body.length}`);
  socket.write(Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`, "latin1"));
  const chunks: Uint8Array[] = [];
  for await (const chunk of socket) chunks.push(chunk as Uint8Array);
  const text = Buffer.concat(chunks).toString("latin1");
  return text.replace(/^(date|keep-alive): .*$/gim, "$1:").replace(/"reqId":"[^"]*"/g, "");
}

/** What is in an answer to the probe; undefined where the bytes are none. */
export function openAnswer(bytes: string, id: string): Answer | Refused | undefined {
  const opened = unseal(KEYS, id, bytes.slice(bytes.indexOf("\r\n\r\n") + 4));
  return opened === undefined ? undefined : (JSON.parse(opened) as Answer | Refused);
}

/** Sends one probe with more header lines, and opens its answer. */
export async function probe(
  port: number,
  lines: readonly string[] = [],
  target = "/",
  method = "GET",
  body = "",
): Promise<Answer> {
  const id = newProbeId();
  const answer = openAnswer(await askBytes(port, [proofLine(id), ...lines], target, method, body), id);
  if (answer === undefined || "refused" in answer) throw new Error(`the probe was not answered`);
  return answer;
}

import { request as openRequest } from "node:http";
import type { Distrust, Stop, Warning } from "@wherefrom/core";
import type { Answer } from "./service.ts";

/** One request of the demo, and what must come of it. */
export interface Scene {
  readonly title: string;
  /** The machines on its way, in words. */
  readonly path: string;
  readonly url: string;
  /** The address that it comes from. */
  readonly from: string;
  /** What the sender writes into the request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expected: Expectation;
  /** What there is to see, in a sentence. */
  readonly moral: string;
}

/** What the demo holds its own answer to. */
export interface Expectation {
  /** Undefined where the client cannot be proven. */
  readonly client: string | undefined;
  readonly stop: Stop;
  /** Nearest first: an address, or the text that is none. */
  readonly hops: readonly ExpectedHop[];
  readonly warnings: readonly Warning["code"][];
}

export interface ExpectedHop {
  readonly who: string;
  readonly verdict: "believed" | Distrust;
}

/** How long a machine of the demo may take to answer, in milliseconds: a few are enough, and a demo that hangs should end soon. */
const PATIENCE_MS = 5000;

/** Sends the request over a connection of its own. Rejects without an answer, or when the answer is not one of the demo's service. */
export function perform({ url, from, headers }: Scene): Promise<Answer> {
  return new Promise((settle, fail) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const options = { agent: false, localAddress: from, signal, headers: { accept: "application/json", ...headers } };
    const request = openRequest(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.once("error", fail);
      response.once("end", () => {
        if (response.statusCode === 200) settle(JSON.parse(text) as Answer);
        else fail(new Error(`${url} answered ${response.statusCode}: ${text.trim()}`));
      });
    });
    request.once("error", fail);
    request.end();
  });
}

/** In which respects the answer is not the expected one; empty where it is. */
export function findFaults(
  { client, nearest, stop, hops, warnings, asked, ip }: Answer,
  expected: Expectation,
): string[] {
  const given = {
    client: client?.address,
    stop,
    hops: hops.map(({ endpoint, raw, verdict }) => ({
      who: endpoint?.address ?? raw,
      verdict: verdict.trusted ? "believed" : verdict.reason,
    })),
    warnings: warnings.map(({ code }) => code),
  };
  const faults: string[] = [];
  for (const key of ["client", "stop", "hops", "warnings"] as const) {
    const [is, should] = [JSON.stringify(given[key]) ?? "undefined", JSON.stringify(expected[key]) ?? "undefined"];
    if (is !== should) faults.push(`${key}: expected ${should}, got ${is}`);
  }
  const expectedIp = asked === "req.ip" ? (client ?? nearest)?.address : client?.address;
  if (ip !== expectedIp) faults.push(`${asked}: expected ${expectedIp ?? "undefined"}, got ${ip ?? "undefined"}`);
  return faults;
}

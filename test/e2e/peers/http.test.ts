import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../free-port.ts";
import { arrivedIn, CLIENTS, FORGED, type Recording } from "../platforms/recording.ts";
import { describeSuite } from "../requirement.ts";
import { OTHER_SENDERS, PRESET_SENDERS } from "./http-senders.ts";
import type { Sender } from "./sender.ts";
import { policyOf, startService } from "./service.ts";
import { MANNERS, visit } from "./visit.ts";

const FILE = join(import.meta.dirname, "recorded.json");
const recorded = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Partial<Recording>>;
/** `WHEREFROM_RECORD=1 npm run e2e -- peers` keeps what it has seen. */
const isKept = process.env["WHEREFROM_RECORD"] === "1";
const NAMES = [...Object.keys(FORGED), "x-tinyproxy"];

/** Whom the service takes for the client, however it is asked; and the first honest and the first lying request of each family as they arrived. */
async function examine({
  rule,
  notOverIpv6,
  start,
}: Sender): Promise<{ seen: unknown[]; recording: Partial<Recording> }> {
  const families = notOverIpv6 === undefined ? (["ipv4", "ipv6"] as const) : (["ipv4"] as const);
  const service = await startService(policyOf(rule));
  onTestFinished(service.stop);
  const port = await freePort("127.0.0.1");
  const sender = await start({ port, target: service.port });
  onTestFinished(sender.stop);
  const seen: unknown[] = [];
  const first: number[] = [];
  for (const family of families) {
    first.push(service.messages.length);
    for (const manner of MANNERS) {
      const answers = await visit(port, family, manner);
      seen.push(...new Set(answers.map(({ client }) => [family, manner, client].join(" "))));
    }
  }
  const [ipv4 = 0, ipv6] = first;
  const arrived = (index: number): Recording["honest"] =>
    arrivedIn(service.messages[index] as IncomingMessage, [port, service.port], NAMES);
  return {
    seen,
    recording: {
      honest: arrived(ipv4),
      forged: arrived(ipv4 + 1),
      ...(ipv6 !== undefined && { ipv6: arrived(ipv6 + 1) }),
    },
  };
}

const expected = ({ notOverIpv6 }: Sender): readonly string[] =>
  (["ipv4", ...(notOverIpv6 === undefined ? (["ipv6"] as const) : [])] as const).flatMap((family) =>
    MANNERS.map((manner) => `${family} ${manner} ${CLIENTS[family]}`),
  );

describeSuite("peers", () => {
  // What these send is recorded by the suite of platforms.
  test.each(PRESET_SENDERS)(
    "$name: every client is itself, honest or lying, over IPv4 and IPv6, however it asks",
    async (sender) => {
      expect((await examine(sender)).seen).toEqual(expected(sender));
    },
  );

  test.each(OTHER_SENDERS)(
    "$name: every client is itself, honest or lying, over IPv4 and IPv6, however it asks, and arrives as recorded",
    async (sender) => {
      const { seen, recording } = await examine(sender);
      if (isKept) {
        recorded[sender.name] = recording;
        writeFileSync(FILE, `${JSON.stringify(recorded, undefined, 2)}\n`);
      }
      expect(seen).toEqual(expected(sender));
      expect(recording).toEqual(recorded[sender.name]);
    },
  );
});

import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../free-port.ts";
import { CLIENTS } from "../platforms/recording.ts";
import { describeSuite } from "../requirement.ts";
import { HTTP_SENDERS } from "./http-senders.ts";
import { policyOf, startService } from "./service.ts";
import { MANNERS, visit } from "./visit.ts";

describeSuite("peers", () => {
  test.each(HTTP_SENDERS)(
    "$name: every client is itself, honest or lying, over IPv4 and IPv6, however it asks",
    async ({ rule, notOverIpv6, start }) => {
      const families = notOverIpv6 === undefined ? (["ipv4", "ipv6"] as const) : (["ipv4"] as const);
      const service = await startService(policyOf(rule));
      onTestFinished(service.stop);
      const port = await freePort("127.0.0.1");
      const sender = await start({ port, target: service.port });
      onTestFinished(sender.stop);
      const seen: unknown[] = [];
      for (const family of families) {
        for (const manner of MANNERS) {
          const answers = await visit(port, family, manner);
          seen.push([family, manner, ...new Set(answers.map(({ client }) => client))]);
        }
      }
      expect(seen).toEqual(families.flatMap((family) => MANNERS.map((manner) => [family, manner, CLIENTS[family]])));
    },
  );
});

import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage } from "node:http";
import { auditConfig, type ConfigWarning, subscribe } from "@wherefrom/audit";
import { compilePolicy, type PolicyOptions } from "@wherefrom/core";
import { getClient, wherefrom } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { open } from "./sites.ts";

/** Requests behind which every kind of trouble has been looked at often enough: one of eight is looked at in the end. */
const REQUESTS = 2400;

/** What becomes `config.warning` while a service under this policy gets these requests over real sockets. */
async function warnings(
  options: PolicyOptions,
  headersOf: (index: number) => Record<string, string>,
): Promise<ConfigWarning[]> {
  const told: ConfigWarning[] = [];
  const ends = [subscribe("config.warning", ({ warning }) => void told.push(warning)), auditConfig()];
  onTestFinished(() => ends.forEach((end) => end()));
  // Those of before.
  told.length = 0;
  const server = createServer((request, response) => response.end(getClient(request).stop));
  const port = await open(wherefrom(server, compilePolicy(options)));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  for (let index = 0; index < REQUESTS && told.length === 0; index++) {
    const headers = { host: "app.example", ...headersOf(index) };
    const asked = get({ port, host: "127.0.0.1", path: `/${index % 20}`, agent, headers });
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    response.resume();
    await once(response, "end");
  }
  return told;
}

const agentOf = (index: number): Record<string, string> => ({ "user-agent": `Mozilla/5.0 (${index % 40})` });

test.each<[string, string, PolicyOptions, (index: number) => Record<string, string>]>([
  ["address-lost", "one private address for all clients", { trust: [] }, agentOf],
  [
    "header-from-untrusted-peer",
    "a proxy that no rule names",
    { trust: [] },
    (index) => ({ ...agentOf(index), "x-forwarded-for": `203.0.113.${index % 200}` }),
  ],
  ["carrier-silent", "a trusted proxy without its header", { trust: ["127.0.0.1"], from: "x-forwarded-for" }, agentOf],
  [
    "carriers-disagree",
    "a header that names one machine, and another that names its clients",
    { trust: ["127.0.0.1"], from: "x-real-ip" },
    (index) => ({
      ...agentOf(index),
      "x-real-ip": "198.51.100.9",
      "x-forwarded-for": `203.0.113.${index % 200}, 10.0.0.9`,
    }),
  ],
])("%s becomes config.warning: %s", async (code, _title, options, headersOf) => {
  expect((await warnings(options, headersOf)).map((warning) => warning.code)).toEqual([code]);
});

test("a proxy that appends, and its health checks, become no config.warning", async () => {
  const told = await warnings({ trust: ["127.0.0.1"], from: "x-forwarded-for" }, (index) =>
    index % 3 === 0
      ? { "user-agent": "GoogleHC/1.0" }
      : { ...agentOf(index), "x-forwarded-for": `203.0.113.${index % 200}` },
  );
  expect(told).toEqual([]);
});

import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { compilePolicy, wherefrom } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { type ClientEvent, subscribe } from "../event/event.ts";
import { recordOf } from "../event/record.ts";
import { formatEcs } from "../formats/ecs.ts";
import { formatOtel } from "../formats/otel.ts";
import { auditConnections } from "./connection.ts";

/** The event of a connection that begins with these bytes where a PROXY header is required. */
async function rejected(bytes: string): Promise<ClientEvent> {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });
  const server = wherefrom(createServer(), policy, { proxyProtocol: "required", notices: false });
  onTestFinished(auditConnections(server.listen(0, "127.0.0.1")));
  onTestFinished(() => void server.close());
  const heard: ClientEvent[] = [];
  onTestFinished(subscribe("client.rejected", (event) => heard.push(event)));
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  client.end(bytes);
  client.resume();
  await expect.poll(() => heard.length).toBe(1);
  return heard[0] as ClientEvent;
}

test("a refused connection is rejected with its reason and its first 16 bytes, escaped", async () => {
  expect(await rejected("GET /secret HTTP/1.1\r\n\r\n")).toMatchObject({
    reason: "not-proxy",
    raw: "GET /secret HTTP",
  });
  expect(await rejected("PROXY TCP4 x\r\n")).toMatchObject({
    reason: "bad-line",
    raw: String.raw`PROXY TCP4 x\x0d\x0a`,
  });
  expect(await rejected("")).toMatchObject({ reason: "ended", raw: "" });
});

test("the bytes are in ECS and OpenTelemetry, and left out where addresses are hidden", async () => {
  const event = await rejected("PROXY TCP4 10.1.2.3 x\r\n");
  const raw = "PROXY TCP4 10.1.";
  expect(formatEcs(recordOf(event))).toMatchObject({ wherefrom: { raw } });
  expect(formatOtel(recordOf(event))).toMatchObject({ "wherefrom.raw": raw });
  for (const privacy of ["truncated", () => "hidden"] as const) {
    expect(recordOf(event, privacy).raw).toBeUndefined();
    expect(JSON.stringify(formatEcs(recordOf(event, privacy)))).not.toContain("PROXY TCP4");
  }
});

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { haproxy } from "@wherefrom/core/presets";
import { getClient } from "@wherefrom/net";
import { expect, onTestFinished, test, vi } from "vitest";
import { freePort } from "../free-port.ts";
import { startHaproxy } from "../haproxy.ts";
import { describeSuite } from "../requirement.ts";
import { ask, CLIENTS } from "./recording.ts";

describeSuite("platforms", () => {
  test("HAProxy connects over IPv6: its health checks have no client, and its client is itself", async () => {
    const policy = compilePolicy({ rules: [haproxy({ peers: ["::1"] })] });
    const seen = new Map<string, unknown>();
    const service = createServer((message, response) => {
      const { client, stop } = getClient(message, policy);
      seen.set(message.url ?? "", [client?.address, stop]);
      response.end();
    });
    service.listen(0, "::1");
    await once(service, "listening");
    const { port: target } = service.address() as AddressInfo;
    const port = await freePort("127.0.0.1");
    const running = await startHaproxy(
      `
listen in
  bind 127.0.0.1:${port}
  option forwardfor
  option httpchk GET /health
  server app [::1]:${target} check inter 100ms
`,
      [{ host: "127.0.0.1", port }],
    );
    onTestFinished(async () => {
      await running.stop();
      service.closeAllConnections();
      service.close();
    });
    await vi.waitUntil(() => seen.has("/health"));
    await ask({ host: "127.0.0.1", localAddress: CLIENTS.ipv4, port, path: "/1", headers: {} });
    expect(seen.get("/health")).toEqual([undefined, "carrier-absent"]);
    expect(seen.get("/1")).toEqual([CLIENTS.ipv4, "untrusted-hop"]);
  });
});

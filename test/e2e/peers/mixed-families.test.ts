import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { compilePolicy, type Resolution } from "@wherefrom/core";
import { connectWithProxyHeader, getClient, wherefrom } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../free-port.ts";
import { startNginx } from "../nginx.ts";
import { describeSuite } from "../requirement.ts";

describeSuite("peers", () => {
  test.each([
    { source: "2001:db8::7", destination: "2001:db8::a", host: "127.0.0.1" },
    { source: "203.0.113.7", destination: "198.51.100.10", host: "::1" },
  ])("nginx puts its own address of the other family behind the client $source: the client is named", async (row) => {
    const resolutions: Resolution[] = [];
    const server = createServer((socket) => {
      resolutions.push(getClient(socket));
      socket.on("error", () => {}).once("data", () => socket.end("seen"));
    });
    const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });
    wherefrom(server, policy, { proxyProtocol: "required" }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const port = await freePort(row.host);
    const host = row.host.includes(":") ? `[${row.host}]` : row.host;
    const stream = `server {
      listen ${host}:${port} proxy_protocol;
      set_real_ip_from ${row.host};
      proxy_pass 127.0.0.1:${(server.address() as AddressInfo).port};
      proxy_protocol on;
    }`;
    const nginx = await startNginx({ stream }, [{ host: row.host, port }]);
    onTestFinished(() => nginx.stop());
    const socket = connectWithProxyHeader(
      { host: row.host, port },
      { source: { address: row.source, port: 1234 }, destination: { address: row.destination, port: 443 } },
    );
    socket.write("hello");
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toBe("seen");
    // nginx's own test of whether it listens sends no header and is not passed on.
    const [{ client, hops, warnings }] = resolutions as [Resolution];
    expect(client).toMatchObject({ address: row.source, port: 1234 });
    expect(hops[1]?.claim?.destination).toBeUndefined();
    expect(warnings.map(({ code }) => code)).toContain("claim-odd");
  });
});

import type { PolicyOptions } from "@wherefrom/core";
import { expect, test } from "vitest";
import type { Adapter, View } from "./adapter.ts";
import { openSite } from "./site.ts";

const PROXIES: PolicyOptions = {
  trust: ["127.0.0.1", "192.0.2.0/24"],
  from: "x-forwarded-for",
  origin: ["x-forwarded-proto", "x-forwarded-host"],
};

/** Protocol and host, which are read at the same hop as the address. */
export function testOrigins(adapter: Adapter): void {
  const host = (withPort: string): string => (adapter.hostHasPort ? withPort : withPort.replace(/:[0-9]+$/, ""));
  const origin = ({ protocol, host, hostname }: View): object => ({ protocol, host, hostname });

  test("protocol and host are what the believed proxy says", async () => {
    const site = await openSite({ adapter, policy: PROXIES });
    const view = await site.ask({
      lines: [
        ["X-Forwarded-For", "203.0.113.7"],
        ["X-Forwarded-Proto", "https"],
        ["X-Forwarded-Host", "shop.example:8443"],
      ],
    });
    expect(origin(view)).toEqual({ protocol: "https", host: host("shop.example:8443"), hostname: "shop.example" });
  });

  test("behind two proxies protocol and host are the farther one's, and what the client wrote left of them never wins", async () => {
    const site = await openSite({ adapter, policy: PROXIES });
    const view = await site.ask({
      lines: [
        ["X-Forwarded-For", "203.0.113.66, 203.0.113.7, 192.0.2.1"],
        ["X-Forwarded-Proto", "gopher, https, http"],
        ["X-Forwarded-Host", "evil.example, shop.example, inner.example"],
      ],
    });
    expect(origin(view)).toEqual({ protocol: "https", host: "shop.example", hostname: "shop.example" });
  });

  test("protocol and host from an untrusted peer change nothing", async () => {
    const site = await openSite({ adapter, policy: { trust: [] } });
    const view = await site.ask({
      lines: [
        ["X-Forwarded-For", "203.0.113.66"],
        ["X-Forwarded-Proto", "https"],
        ["X-Forwarded-Host", "evil.example"],
      ],
    });
    expect(origin(view)).toEqual({ protocol: "http", host: host("app.example:8080"), hostname: "app.example" });
  });

  test("text that is no protocol and no host is not passed on", async () => {
    const site = await openSite({ adapter, policy: PROXIES });
    const view = await site.ask({
      lines: [
        ["X-Forwarded-For", "203.0.113.7"],
        ["X-Forwarded-Proto", "javascript:alert(1)"],
        ["X-Forwarded-Host", "evil.example/path?"],
      ],
    });
    expect(origin(view)).toEqual({ protocol: "http", host: host("app.example:8080"), hostname: "app.example" });
  });

  test("the host name of an IPv6 host keeps its brackets and loses its port", async () => {
    const site = await openSite({ adapter, policy: PROXIES });
    const view = await site.ask({ lines: [["Host", "[2001:db8::1]:3000"]] });
    expect(origin(view)).toMatchObject({ host: host("[2001:db8::1]:3000"), hostname: "[2001:db8::1]" });
  });

  test("over TLS the protocol is https", async () => {
    const site = await openSite({ adapter, policy: { trust: [] }, tls: true });
    expect(await site.ask()).toMatchObject({ protocol: "https", ip: "127.0.0.1" });
  });

  test("over TLS a believed proxy that says http is believed", async () => {
    const site = await openSite({ adapter, policy: PROXIES, tls: true });
    const view = await site.ask({
      lines: [
        ["X-Forwarded-For", "203.0.113.7"],
        ["X-Forwarded-Proto", "http"],
      ],
    });
    expect(view).toMatchObject({ protocol: "http", ip: "203.0.113.7" });
  });
}

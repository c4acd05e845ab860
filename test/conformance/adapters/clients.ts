import type { PolicyOptions } from "@wherefrom/core";
import { expect, test } from "vitest";
import type { Adapter, View } from "./adapter.ts";
import { HOST, openSite, type Question } from "./site.ts";

const PROXIES: PolicyOptions = { trust: ["127.0.0.1", "192.0.2.0/24"], from: "x-forwarded-for" };
const NOBODY: PolicyOptions = { trust: ["192.0.2.0/24"], from: "x-forwarded-for" };

type Row = readonly [
  title: string,
  policy: PolicyOptions,
  lines: NonNullable<Question["lines"]>,
  expected: Pick<View, "ip" | "ips" | "client" | "stop" | "own">,
];

/** The framework's own reading, `own`, is no further than ours: the same, or the socket's peer, or text that it does not check. */
const known = (ip: string, ips: readonly string[], stop = "untrusted-hop", own = ip): Row[3] => ({
  ip,
  ips,
  client: ip,
  stop,
  own,
});

const ROWS: readonly Row[] = [
  [
    "a header from an untrusted peer never changes the client",
    NOBODY,
    [
      ["X-Forwarded-For", "203.0.113.66"],
      ["X-Real-IP", "203.0.113.66"],
      ["Forwarded", "for=203.0.113.66"],
      ["CF-Connecting-IP", "203.0.113.66"],
    ],
    known("127.0.0.1", []),
  ],
  ["one proxy names the client", PROXIES, [["X-Forwarded-For", "203.0.113.7"]], known("203.0.113.7", ["203.0.113.7"])],
  [
    "two proxies name the client, and the nearer names the farther",
    PROXIES,
    [["X-Forwarded-For", "203.0.113.7, 192.0.2.1"]],
    known("203.0.113.7", ["203.0.113.7", "192.0.2.1"]),
  ],
  [
    "what the client wrote itself stands left of what the proxy saw, and is not looked at",
    PROXIES,
    [["X-Forwarded-For", "10.0.0.1, 127.0.0.1, 203.0.113.7"]],
    known("203.0.113.7", ["203.0.113.7"]),
  ],
  [
    "IPv6 is answered in its canonical form",
    PROXIES,
    [["X-Forwarded-For", "2001:DB8:0:0:0:0:0:7"]],
    known("2001:db8::7", ["2001:db8::7"], "untrusted-hop", "2001:DB8:0:0:0:0:0:7"),
  ],
  [
    "a mapped address is the IPv4 address that it means",
    PROXIES,
    [["X-Forwarded-For", "203.0.113.7, ::ffff:192.0.2.1"]],
    known("203.0.113.7", ["203.0.113.7", "192.0.2.1"]),
  ],
  [
    "a port is not part of the address",
    PROXIES,
    [["X-Forwarded-For", "[2001:db8::7]:443, 192.0.2.1:8080"]],
    known("2001:db8::7", ["2001:db8::7", "192.0.2.1"], "untrusted-hop", "192.0.2.1:8080"),
  ],
  [
    "text that is no address ends the walk at the machine that passed it on",
    PROXIES,
    [["X-Forwarded-For", "203.0.113.66, <b>nonsense</b>, 192.0.2.1"]],
    { ...known("192.0.2.1", ["192.0.2.1"], "malformed-hop", "<b>nonsense</b>"), client: undefined },
  ],
  ["an absent header proves nothing", PROXIES, [], { ...known("127.0.0.1", [], "carrier-absent"), client: undefined }],
  [
    "repeated lines are one list",
    PROXIES,
    [
      ["X-Forwarded-For", "203.0.113.66"],
      ["X-Forwarded-For", "203.0.113.7"],
      ["X-Forwarded-For", "192.0.2.1"],
    ],
    known("203.0.113.7", ["203.0.113.7", "192.0.2.1"]),
  ],
  [
    "only the header that the rule names is read",
    { trust: ["127.0.0.1"], from: "x-real-ip" },
    [
      ["X-Real-IP", "203.0.113.7"],
      ["X-Forwarded-For", "203.0.113.66"],
    ],
    known("203.0.113.7", ["203.0.113.7"], "untrusted-hop", "127.0.0.1"),
  ],
  [
    "a machine that says one header is not believed about another",
    { trust: ["127.0.0.1"], from: "x-real-ip" },
    [["X-Forwarded-For", "203.0.113.66"]],
    { ...known("127.0.0.1", [], "carrier-absent"), client: undefined },
  ],
  [
    "counted machines end at their count",
    { hops: 2, peers: ["127.0.0.1", "192.0.2.0/24"], from: "x-forwarded-for" },
    [["X-Forwarded-For", "203.0.113.66, 203.0.113.7, 192.0.2.1"]],
    known("203.0.113.7", ["203.0.113.7", "192.0.2.1"]),
  ],
];

/** Who the client is, by every form of header. */
export function testClients(adapter: Adapter): void {
  test.each(ROWS)("%s", async (_, policy, lines, { own, ...expected }) => {
    const site = await openSite({ adapter, policy });
    const { ip, ips, client, stop, ...view } = await site.ask({ lines });
    expect({ ip, ips, client, stop }).toEqual({
      ...expected,
      ips: adapter.ipsOf(expected.ips ?? [], "127.0.0.1"),
    });
    expect(view.own).toBe(adapter.hasOwnReading ? own : undefined);
  });

  test(`without a proxy the host is the Host header, ${HOST}`, async () => {
    const site = await openSite({ adapter, policy: NOBODY });
    const { host, hostname } = await site.ask({ lines: [["X-Forwarded-Host", "evil.example"]] });
    expect(host).toBe(adapter.hostHasPort ? HOST : "app.example");
    expect(hostname).toBe("app.example");
  });
}

import { describe, expect, test } from "vitest";
import { parseAddress } from "../address/address.ts";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";
import { parsePrefix } from "../prefix/prefix.ts";
import { rateLimitKey } from "../resolution/rate-limit-key.ts";
import { resolve, type Resolution } from "../resolution/resolution.ts";

/** Failures of others, by the id under which they were published. Each test is the fact that they lacked. */

const from = "x-forwarded-for";

function ask(options: PolicyOptions, peer: string | undefined, headers: Headers, transport = "tcp"): Resolution {
  const connection = { transport: transport as Connection["transport"], peer, peerPort: 1, claims: [] };
  return resolve({ connection, headers }, compilePolicy(options));
}

const ipOf = ({ client, nearest }: Resolution): string | undefined => (client ?? nearest)?.address;

describe("ranges", () => {
  test("CVE-2026-90711, GHSA-jqcg-44mw-7w3h (proxy-addr): a mapped prefix with IPv4's length is refused, and covers nobody", () => {
    expect(() => compilePolicy({ trust: ["::ffff:10.0.0.0/8"], from })).toThrow(
      expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_PREFIX" }),
    );
  });

  test("CVE-2026-90711: a broad IPv6 prefix covers no IPv4 peer", () => {
    const answer = ask({ trust: ["8000::/1"], from, originIsPrivate: true }, "8.8.8.8", {
      "x-forwarded-for": "1.1.1.1",
    });
    expect(ipOf(answer)).toBe("8.8.8.8");
  });

  test("GHSA-7x63-xv5r-3p2x, oauth2-proxy#3478, #3506; gin#2473: nobody is trusted who was not named", () => {
    expect(ipOf(ask({ trust: [] }, "10.0.0.1", { "x-forwarded-for": "9.9.9.9", "x-real-ip": "9.9.9.9" }))).toBe(
      "10.0.0.1",
    );
    expect(() => compilePolicy({} as PolicyOptions)).toThrow(
      expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_POLICY" }),
    );
  });

  test("mapped peers of a dual-stack listener fall under IPv4's prefixes", () => {
    const headers = { "x-forwarded-for": "81.2.69.142" };
    for (const peer of ["::ffff:10.0.0.5", "10.0.0.5"]) {
      expect(ipOf(ask({ trust: ["10.0.0.0/8"], from }, peer, headers))).toBe("81.2.69.142");
    }
  });
});

describe("spellings", () => {
  test.each([
    ["CVE-2021-28918, CVE-2021-29418 (netmask)", "010.0.0.5"],
    ["CVE-2026-69192, GHSA-mwp4-54f8-5fhr (ip-address)", "0177.0.0.1"],
    ["CVE-2023-42282 (ip)", "0x7f.1"],
    ["CVE-2024-29415 (ip)", "127.1"],
    ["node-ip#162", "017700000001"],
    ["ip-cidr#28", "2130706433"],
    ["CVE-2020-28360 (private-ip)", "10.0.0.05"],
    ["ipaddr.js#16, #44, #132", "0x0a000005"],
    ["CVE-2026-90711's cousins", "2001:db8:1:2:3:4:5:6::"],
    ["CVE-2026-90711's cousins", "2001:db8::12345"],
    ["CVE-2026-90711's cousins", "1:2:3:4:5:6:7:8:9"],
    ["CVE-2026-90711's cousins", "1::2::3"],
  ])("%s: %s is nobody's address, in a header and in a policy", (_id, text) => {
    expect(parseAddress(text)).toBeUndefined();
    expect(parsePrefix(text)).toBeUndefined();
    const answer = ask({ trust: ["10.0.0.0/8"], from }, "10.0.0.1", { "x-forwarded-for": `1.1.1.1, ${text}` });
    expect(answer).toMatchObject({ client: undefined, nearest: { address: "10.0.0.1" }, stop: "malformed-hop" });
  });

  test("::10.0.0.5 (IPv4-compatible) is IPv6, and falls under no IPv4 prefix", () => {
    const answer = ask({ trust: ["10.0.0.0/8"], from }, "10.0.0.1", { "x-forwarded-for": "1.1.1.1, ::10.0.0.5" });
    expect(ipOf(answer)).toBe("::a00:5");
  });

  test.each([
    ["U+00A0", "\u00a0"],
    ["U+FEFF", "\ufeff"],
    ["U+2028", "\u2028"],
    ["U+000B", "\u000b"],
  ])("JavaScript's trim() removes %s; in a header only space and tab are white space", (_name, space) => {
    const headers = { "x-forwarded-for": `1.1.1.1, 10.0.0.5${space}` };
    const answer = ask({ trust: ["10.0.0.0/8"], from }, "10.0.0.1", headers);
    expect(answer).toMatchObject({ client: undefined, stop: "malformed-hop" });
  });

  test("forwarded 0.2.0: a tab is white space, and no part of the answer", () => {
    expect(ipOf(ask({ trust: ["10.0.0.0/8"], from }, "10.0.0.1", { "x-forwarded-for": "1.1.1.1,\t9.9.9.9\t" }))).toBe(
      "9.9.9.9",
    );
  });

  test("Spring: brackets are no part of the answer", () => {
    expect(ipOf(ask({ trust: ["10.0.0.0/8"], from }, "10.0.0.1", { "x-forwarded-for": "[2001:db8::7]" }))).toBe(
      "2001:db8::7",
    );
  });
});

describe("who is asked", () => {
  test("GHSA-3m5p-2c4r-xxw2 (fastify): a hop count does not believe a peer outside the proxies' ranges", () => {
    const answer = ask({ hops: 1, peers: ["10.0.0.0/8"], from }, "203.0.113.7", { "x-forwarded-for": "9.9.9.9" });
    expect(ipOf(answer)).toBe("203.0.113.7");
    expect(() => compilePolicy({ hops: 1, from } as PolicyOptions)).toThrow(
      expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_HOPS" }),
    );
  });

  test("Rails: a direct client's X-Forwarded-For is not read", () => {
    expect(ipOf(ask({ trust: ["10.0.0.0/8"], from }, "203.0.113.7", { "x-forwarded-for": "9.9.9.9" }))).toBe(
      "203.0.113.7",
    );
  });

  test("Spring, oauth2-proxy: what the client wrote left of the proxy's element never wins", () => {
    const headers = { "x-forwarded-for": "9.9.9.9, 203.0.113.7" };
    expect(ipOf(ask({ trust: ["10.0.0.0/8"], from }, "10.0.0.1", headers))).toBe("203.0.113.7");
  });

  test.each([
    ["CVE-2026-3635, GHSA-444r-cwp2-x5xf (fastify)", from],
    ["dotnet/aspnetcore#61449, announcement #517", "x-real-ip"],
  ])("%s: protocol, host and port of an untrusted peer are not read either", (_id, carrier) => {
    const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "evil.example", "x-forwarded-port": "1" };
    const answer = ask({ trust: ["10.0.0.0/8"], from: carrier as "x-real-ip" }, "203.0.113.7", headers);
    expect(answer.origin).toEqual({ protocol: undefined, host: undefined, port: undefined });
  });

  test("aspnetcore's null peer: a peer without an address falls under no prefix", () => {
    const headers = { "x-forwarded-for": "9.9.9.9" };
    const everybody: PolicyOptions = { trust: ["0.0.0.0/0", "::/0"], from, originIsPrivate: true };
    expect(ask(everybody, undefined, headers)).toMatchObject({ client: undefined, stop: "no-peer" });
    expect(ask(everybody, undefined, headers, "unix")).toMatchObject({ client: undefined, stop: "untrusted-hop" });
  });

  test("gin#2473: behind garbage in X-Forwarded-For no other header is read instead", () => {
    const headers = { "x-forwarded-for": "garbage", "x-real-ip": "9.9.9.9" };
    expect(ipOf(ask({ trust: ["10.0.0.0/8"], from }, "10.0.0.1", headers))).toBe("10.0.0.1");
  });

  test("request-ip#25: X-Client-IP outranks nothing, and a list of lines is no exception", () => {
    const headers = { "x-client-ip": ["9.9.9.9", "8.8.8.8"], "x-forwarded-for": ["1.1.1.1", "203.0.113.7"] };
    expect(ipOf(ask({ trust: ["10.0.0.0/8"], from }, "10.0.0.1", headers))).toBe("203.0.113.7");
  });

  test("forwarded-for 1.1.0: one client's headers never change what the next one is asked", () => {
    const policy = compilePolicy({ trust: ["10.0.0.0/8"], from });
    const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [] };
    const first = () => resolve({ connection, headers: { "x-forwarded-for": "203.0.113.7" } }, policy).client?.address;
    const before = first();
    resolve({ connection, headers: { "x-real-ip": "9.9.9.9", forwarded: "for=9.9.9.9" } }, policy).hops.at(0);
    expect([before, first()]).toEqual(["203.0.113.7", "203.0.113.7"]);
  });

  test("CVE-2024-45410, CVE-2021-32813 (Traefik): where a client had the proxy drop its header, a policy that knows better says so", () => {
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from, silent: "unknown" };
    expect(ask(options, "10.0.0.1", { connection: "x-forwarded-for" })).toMatchObject({
      client: undefined,
      stop: "carrier-absent",
    });
  });

  test.each(["x_forwarded_for", "x.forwarded.for"])(
    "GHSA-f59h-q822-g45g, GHSA-49wc-4hcv-v58q (Caddy), Traefik's variants: %s is not merged, and is warned of",
    (name) => {
      const answer = ask({ trust: ["10.0.0.0/8"], from }, "10.0.0.1", {
        "x-forwarded-for": "203.0.113.7",
        [name]: "9.9.9.9",
      });
      expect(ipOf(answer)).toBe("203.0.113.7");
      expect(answer.warnings).toMatchObject([{ code: "look-alike-header" }]);
    },
  );
});

describe("Forwarded", () => {
  const rule: PolicyOptions = { trust: ["10.0.0.0/8"], from: "forwarded" };

  test("realclientip-go: a comma within quotes does not end an element", () => {
    expect(ipOf(ask(rule, "10.0.0.1", { forwarded: 'for=203.0.113.7;x="a, for=9.9.9.9"' }))).toBe("203.0.113.7");
  });

  test("forwarded-parse: empty list elements are passed over (RFC 9110, 5.6.1)", () => {
    expect(ipOf(ask(rule, "10.0.0.1", { forwarded: "for=203.0.113.7,,for=10.0.0.2," }))).toBe("203.0.113.7");
  });

  test("Rack, Symfony, forwarded-parse: an element that names `for` twice names nobody", () => {
    expect(ask(rule, "10.0.0.1", { forwarded: "for=1.1.1.1;for=9.9.9.9" })).toMatchObject({
      client: undefined,
      stop: "malformed-hop",
    });
  });
});

describe("rate limits", () => {
  test.each([
    ["::ffff:102:304", "1.2.3.4"],
    ["2001:db8::1.2.3.4", "2001:db8::/64"],
    ["64:ff9b::1.2.3.4", "1.2.3.4"],
  ])("express-rate-limit#667: %s is counted as %s", (client, key) => {
    expect(rateLimitKey(ask({ trust: [] }, client, {}))).toBe(key);
  });
});

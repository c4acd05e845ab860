import { compilePolicy, policyFromEnv } from "@wherefrom/core";
import { settingsFromText } from "@wherefrom/sources";
import { describe, expect, test } from "vitest";

const XFF = "x-forwarded-for";
const trust = (entry: unknown): unknown => ({ trust: [entry], from: XFF });
const from = (carrier: unknown): unknown => ({ trust: ["10.0.0.1"], from: carrier });
const EXAMPLE = 'write { trust: ["10.0.0.0/24"], from: "x-forwarded-for" }';
const KEYS = `a policy has "trust", "hops" or "rules"`;

/** Settings of other programs in the place of a policy, and what is told to write in the notation of JavaScript. */
const MISREADINGS: readonly (readonly [program: string, written: unknown, told: string])[] = [
  ["Express", true, EXAMPLE],
  ["Express", false, "write { trust: [] } to believe no machine"],
  ["Express", 1, 'write a count as { hops: 1, peers: ["10.0.0.0/24"], from: "x-forwarded-for" }'],
  ["Express", 0, "write { trust: [] } to believe no machine"],
  ["Express", "loopback", 'write { trust: ["loopback"], from: "x-forwarded-for" }'],
  ["Express", "loopback, linklocal", 'write { trust: ["loopback", "linklocal"], from: "x-forwarded-for" }'],
  ["Express", ["loopback"], EXAMPLE],
  ["an empty variable", null, EXAMPLE],
  ["an empty object", {}, `${KEYS}; this one is an empty object: write { trust: [] }`],
  ["Fastify", { trustProxy: true }, KEYS],
  ["Express", { "trust proxy": 1 }, KEYS],
  ["Koa", { proxy: true, maxIpsCount: 1 }, KEYS],
  ["nginx", { set_real_ip_from: "10.0.0.0/8", real_ip_header: "X-Forwarded-For" }, KEYS],
  ["Caddy", { trusted_proxies: { static: ["10.0.0.0/8"] } }, KEYS],
  ["Traefik", { trustedIPs: ["10.0.0.0/8"] }, KEYS],
  ["Traefik", { insecure: true }, KEYS],
  ["Spring", { "server.forward-headers-strategy": "native" }, KEYS],
  ["Django", { SECURE_PROXY_SSL_HEADER: ["HTTP_X_FORWARDED_PROTO", "https"] }, KEYS],
  ["Rails", { trusted_proxies: ["10.0.0.0/8"] }, KEYS],
  ["a count alone", { hops: 1 }, `write in "peers" the prefixes of these proxies`],
  ["trust as a switch", { trust: true, from: XFF }, EXAMPLE],
  ["trust as a count", { trust: 2, from: XFF }, "write a count as { hops: 2"],
  ["trust as a text", { trust: "10.0.0.0/8", from: XFF }, 'write { trust: ["10.0.0.0/8"]'],
  ["trust as nothing", { trust: null, from: XFF }, EXAMPLE],
  ["proxy-addr", trust("uniquelocal"), 'write "private" for RFC 1918 and fc00::/7'],
  ["the hosts file", trust("localhost"), 'did you mean "loopback"?'],
  ["Caddy", trust("private_ranges"), 'did you mean "private"?'],
  ["uvicorn", trust("*"), "would believe every client: write the prefixes of your proxies"],
  ["HAProxy", trust("src 10.0.0.0/8"), 'did you mean "10.0.0.0/8"?'],
  ["nginx", trust("allow 10.0.0.1;"), 'did you mean "10.0.0.1"?'],
  ["a URL", trust("http://10.0.0.1"), 'did you mean "10.0.0.1"?'],
  ["two in one", trust("10.0.0.1, 10.0.0.2"), 'write each entry as a text of its own, ["10.0.0.1", "10.0.0.2"]'],
  ["a wildcard", trust("10.0.0.*"), 'did you mean "10.0.0.0/24"?'],
  ["a netmask", trust("10.0.0.0/255.0.0.0"), 'did you mean "10.0.0.0/8"?'],
  ["bits behind the length", trust("10.0.0.1/8"), 'did you mean "10.0.0.0/8"?'],
  ["Tomcat", trust(String.raw`10\.\d{1,3}\.\d{1,3}\.\d{1,3}`), 'write those that it means, such as "10.0.0.0/8"'],
  ["Rails", trust("^10[.]"), "is a regular expression"],
  ["a host name", trust("nginx"), "a host name is not looked up: write the addresses of its machines"],
  ["a port", trust("10.0.0.1:80"), 'did you mean "10.0.0.1"?'],
  ["everything", trust("0.0.0.0/0"), "name the proxies' own prefixes"],
  ["an abbreviation", from("xff"), 'write "x-forwarded-for"'],
  ["capitals", from("X-Forwarded-For"), 'did you mean "x-forwarded-for"?'],
  ["HAProxy", from("PROXY"), 'did you mean "proxy-protocol"?'],
  ["nginx", from("proxy_protocol"), 'write "proxy-protocol"'],
  ["nginx", from("$http_x_forwarded_for"), 'write "x-forwarded-for"'],
  ["Django", from("HTTP_X_FORWARDED_FOR"), 'did you mean "x-forwarded-for"?'],
  ["Rails", from("HTTP_CF_CONNECTING_IP"), 'did you mean "cf-connecting-ip"?'],
];

/** What stands in an error of JavaScript, as JSON has it: the keys are in quotes. */
const inJson = (told: string): string => told.replaceAll(/(?<![\w"])(trust|from|hops|peers): /g, '"$1": ');

describe.each(
  MISREADINGS.map(([program, written, told]) => [program, JSON.stringify(written), written, told] as const),
)("%s: %s says what to write", (_program, json, written, told) => {
  test("in code", () => {
    expect(() => compilePolicy(written as never)).toThrow(told);
  });

  test("in a file", () => {
    expect(() => settingsFromText(`{"policy":${json}}`)).toThrow(inJson(told));
  });
});

test("a compiled policy is no options", () => {
  expect(() => compilePolicy(compilePolicy({ trust: [] }) as never)).toThrow(
    "give it as it is where a policy is asked for",
  );
});

describe("in a variable", () => {
  test.each([
    ["1", 'write for example "trust=10.1.2.0/24,loopback from=x-forwarded-for"'],
    ["true", 'write for example "trust=10.1.2.0/24,loopback from=x-forwarded-for"'],
    ["*", 'write for example "trust=10.1.2.0/24,loopback from=x-forwarded-for"'],
    ["loopback", 'write for example "trust=10.1.2.0/24,loopback from=x-forwarded-for"'],
    ["set_real_ip_from 10.0.0.0/8;", 'write for example "trust='],
    ["trusted_proxies static private_ranges", 'write for example "trust='],
    ["trust=* from=x-forwarded-for", "write the prefixes of your proxies"],
    ["trust=private_ranges from=x-forwarded-for", 'did you mean "private"?'],
    ["trust=uniquelocal from=x-forwarded-for", 'write "private"'],
    ["trust=10.0.0.* from=x-forwarded-for", 'did you mean "10.0.0.0/24"?'],
    ["trust=10.0.0.1 from=HTTP_X_FORWARDED_FOR", 'did you mean "x-forwarded-for"?'],
    ["trust=0.0.0.0/0 from=x-forwarded-for", "originIsPrivate=true"],
    ["trustedIPs=10.0.0.0/8", "trust, from, skip, form, hops, peers"],
  ])("%s says what to write", (text, told) => {
    expect(() => policyFromEnv(text)).toThrow(told);
  });
});

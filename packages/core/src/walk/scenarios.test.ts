import { expect, test } from "vitest";
import type { ConnectionClaim, Stop } from "../evidence/claim.ts";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { clientAddress, resolve } from "../resolution/resolution.ts";

const xff = (list: string, more: Headers = {}): Headers => ({ "x-forwarded-for": list, ...more });
const tcp = (peer: string | undefined, claims: readonly ConnectionClaim[] = []): Connection => ({
  transport: "tcp",
  peer,
  peerPort: 40_000,
  claims,
});
const unix: Connection = { transport: "unix", peer: undefined, peerPort: undefined, claims: [] };

function proxy(says: ConnectionClaim["says"], address?: string, port?: number): ConnectionClaim {
  const endpoint = address === undefined ? undefined : { address, port };
  return { method: "proxy-protocol", format: "proxy-v2", raw: `PROXY ${says}`, says, endpoint };
}
const toa = (address: string): ConnectionClaim => ({
  method: "toa",
  format: "toa-254",
  raw: "fe08",
  says: "address",
  endpoint: { address, port: 50_000 },
});

const ingress: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for" };
const cdn: PolicyOptions = {
  rules: [
    { name: "ingress", peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
    { name: "cloudflare", peers: ["173.245.48.0/20", "2a06:98c0::/29"], says: "cf-connecting-ip" },
  ],
};
const layer4: PolicyOptions = {
  rules: [
    { name: "l4", peers: ["10.9.0.0/16"], says: "proxy-protocol" },
    { name: "ingress", peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
  ],
};
const both: PolicyOptions = { trust: ["10.0.0.0/8"], from: ["toa", "x-forwarded-for"] };
const google: PolicyOptions = {
  rules: [
    { name: "google-lb", peers: ["35.191.0.0/16", "130.211.0.0/22"], says: { header: "x-forwarded-for", skip: 1 } },
  ],
};
const cloudfront: PolicyOptions = { trust: ["130.176.0.0/16"], from: "cloudfront-viewer-address" };
const realIp: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-real-ip" };
const sidecar: PolicyOptions = { trust: ["loopback", "10.0.0.0/8"], from: "x-forwarded-for" };
const pipe: PolicyOptions = { trust: ["unix"], from: "x-forwarded-for" };
const hops = (count: number): PolicyOptions => ({ hops: count, peers: ["10.0.0.0/8"], from: "x-forwarded-for" });
const nearest = (address: string): string => `nearest ${address}`;

/** `answer` is the client's address; "nearest a.b.c.d" where the client is unknown and that is the farthest verified machine; undefined for neither. */
test.each<[title: string, PolicyOptions, Connection, Headers, answer: string | undefined, Stop]>([
  ["1 one ingress", ingress, tcp("10.0.0.9"), xff("203.0.113.7"), "203.0.113.7", "untrusted-hop"],
  [
    "1b the client writes its own list",
    ingress,
    tcp("10.0.0.9"),
    xff("1.1.1.1, 203.0.113.7"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  ["2 two hops", ingress, tcp("10.0.0.9"), xff("1.1.1.1, 203.0.113.7, 10.3.0.4"), "203.0.113.7", "untrusted-hop"],
  [
    "3 a CDN's header behind an appending ingress",
    cdn,
    tcp("10.0.0.9"),
    xff("6.6.6.6, 203.0.113.7, 173.245.48.9", { "cf-connecting-ip": "203.0.113.7" }),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "3b somebody goes round the CDN with a forged header",
    cdn,
    tcp("10.0.0.9"),
    xff("173.245.48.9, 198.51.100.66", { "cf-connecting-ip": "9.9.9.9" }),
    "198.51.100.66",
    "untrusted-hop",
  ],
  [
    "3c an edge named by the ingress is believed about its header",
    cdn,
    tcp("10.0.0.9"),
    xff("173.245.48.9", { "cf-connecting-ip": "9.9.9.9" }),
    "9.9.9.9",
    "untrusted-hop",
  ],
  [
    "3d a client inside the CDN's prefix",
    cdn,
    tcp("10.0.0.9"),
    xff("173.245.48.9", { "cf-connecting-ip": "2a06:98c0:3600::103" }),
    "2a06:98c0:3600::103",
    "path-exhausted",
  ],
  [
    "4 a PROXY hop, then a list",
    layer4,
    tcp("10.9.0.1", [proxy("address", "10.1.1.1", 4711)]),
    xff("203.0.113.7"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "4b one range for TOA and the list",
    both,
    tcp("10.9.0.1", [toa("10.1.1.1")]),
    xff("203.0.113.7"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "4c TOA is missing: the list is the client's own text",
    both,
    tcp("10.9.0.1"),
    xff("9.9.9.9"),
    nearest("10.9.0.1"),
    "carrier-absent",
  ],
  ["4d PROXY LOCAL", layer4, tcp("10.9.0.1", [proxy("self")]), xff("9.9.9.9"), nearest("10.9.0.1"), "self"],
  [
    "4e PROXY UNKNOWN",
    layer4,
    tcp("10.9.0.1", [proxy("unknown")]),
    xff("9.9.9.9"),
    nearest("10.9.0.1"),
    "anonymous-hop",
  ],
  [
    "4f PROXY names the client, and the list is forged",
    layer4,
    tcp("10.9.0.1", [proxy("address", "203.0.113.7", 50_000)]),
    xff("9.9.9.9"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "5 Google: second from the right",
    google,
    tcp("35.191.3.4"),
    xff("6.6.6.6, 203.0.113.7, 34.120.1.1"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  ["5b Google's health check has no list", google, tcp("35.191.3.4"), {}, nearest("35.191.3.4"), "carrier-absent"],
  [
    "5c Google behind an ingress",
    { rules: [...(google as { rules: [] }).rules, { peers: ["10.0.0.0/8"], says: "x-forwarded-for" }] },
    tcp("10.0.0.9"),
    xff("6.6.6.6, 203.0.113.7, 34.120.1.1, 35.191.3.4"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "5d one element cannot come from Google",
    google,
    tcp("35.191.3.4"),
    xff("34.120.1.1"),
    nearest("35.191.3.4"),
    "carrier-absent",
  ],
  [
    "6 CloudFront, IPv4",
    cloudfront,
    tcp("130.176.1.1"),
    { "cloudfront-viewer-address": "198.51.100.10:46532" },
    "198.51.100.10",
    "untrusted-hop",
  ],
  [
    "6b CloudFront, IPv6 without brackets",
    cloudfront,
    tcp("130.176.1.1"),
    { "cloudfront-viewer-address": "2001:0db8:85a3::8a2e:370:7334:443" },
    "2001:db8:85a3::8a2e:370:7334",
    "untrusted-hop",
  ],
  [
    "7 X-Real-IP, and a list that nobody reads",
    realIp,
    tcp("10.0.0.9"),
    xff("9.9.9.9, 203.0.113.7", { "x-real-ip": "203.0.113.7" }),
    "203.0.113.7",
    "untrusted-hop",
  ],
  ["8 a sidecar on loopback", sidecar, tcp("127.0.0.6"), xff("9.9.9.9, 203.0.113.7"), "203.0.113.7", "untrusted-hop"],
  [
    "8b a sidecar that does not append lets a Pod forge",
    sidecar,
    tcp("127.0.0.6"),
    xff("9.9.9.9"),
    "9.9.9.9",
    "untrusted-hop",
  ],
  ["9 a Unix socket that is named", pipe, unix, xff("203.0.113.7"), "203.0.113.7", "untrusted-hop"],
  ["9b a Unix socket that is not", ingress, unix, xff("203.0.113.7"), undefined, "untrusted-hop"],
  ["9c a Unix socket without a list", pipe, unix, {}, undefined, "carrier-absent"],
  [
    "9d a socket that is gone is no Unix socket",
    { trust: ["unix", "10.0.0.0/8"], from: "x-forwarded-for" },
    tcp(undefined),
    xff("203.0.113.7"),
    undefined,
    "no-peer",
  ],
  [
    "11 another header disagrees",
    ingress,
    tcp("10.0.0.9"),
    xff("203.0.113.7", { forwarded: "for=9.9.9.9" }),
    "203.0.113.7",
    "untrusted-hop",
  ],
  ["12 every hop is believed", ingress, tcp("10.0.0.9"), xff("10.1.1.1, 10.2.2.2"), "10.1.1.1", "path-exhausted"],
  [
    "13 garbage next to the peer",
    ingress,
    tcp("10.0.0.9"),
    xff("203.0.113.7, <b>"),
    nearest("10.0.0.9"),
    "malformed-hop",
  ],
  [
    "13b garbage behind a believed hop",
    ingress,
    tcp("10.0.0.9"),
    xff("203.0.113.7, <b>, 10.1.1.1"),
    nearest("10.1.1.1"),
    "malformed-hop",
  ],
  ["14 0.0.0.0 is claimed", ingress, tcp("10.0.0.9"), xff("0.0.0.0"), nearest("10.0.0.9"), "anonymous-hop"],
  [
    "15 a mapped peer and mapped claims",
    ingress,
    tcp("::ffff:10.0.0.9"),
    xff("::FFFF:203.0.113.7, ::ffff:a00:5"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "16 a zone on the peer, none on the rule",
    { trust: ["linklocal"], from: "x-forwarded-for" },
    tcp("fe80::1%eth0"),
    xff("203.0.113.7"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "16b another zone on the peer than on the rule",
    { trust: ["fe80::1%eth0"], from: "x-forwarded-for" },
    tcp("fe80::1%eth1"),
    xff("203.0.113.7"),
    "fe80::1%eth1",
    "untrusted-hop",
  ],
  [
    "17 ports",
    ingress,
    tcp("10.0.0.9"),
    xff("203.0.113.7:61598, [::ffff:10.0.0.5]:443"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "18 a single value twice",
    realIp,
    tcp("10.0.0.9"),
    { "x-real-ip": "203.0.113.7, 9.9.9.9" },
    nearest("10.0.0.9"),
    "conflict",
  ],
  [
    "19 headers from an untrusted machine",
    cdn,
    tcp("203.0.113.50"),
    xff("9.9.9.9", { "cf-connecting-ip": "9.9.9.9", "x-real-ip": "9.9.9.9" }),
    "203.0.113.50",
    "untrusted-hop",
  ],
  [
    "20 two hops with ranges",
    hops(2),
    tcp("10.0.0.9"),
    xff("9.9.9.9, 203.0.113.7, 10.1.1.1"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "20b two hops, reached past the outer proxy",
    hops(2),
    tcp("10.0.0.9"),
    xff("10.1.1.1, 203.0.113.66"),
    "203.0.113.66",
    "untrusted-hop",
  ],
  ["21 two hops, a list of one", hops(2), tcp("10.0.0.9"), xff("10.1.1.1"), nearest("10.1.1.1"), "carrier-absent"],
  [
    "21b one hop is counted where there are two",
    hops(1),
    tcp("10.0.0.9"),
    xff("203.0.113.7, 10.1.1.1"),
    "10.1.1.1",
    "untrusted-hop",
  ],
  [
    "22 a private client behind private proxies: the range believes it",
    ingress,
    tcp("10.0.0.9"),
    xff("9.9.9.9, 10.200.0.7"),
    "9.9.9.9",
    "untrusted-hop",
  ],
  ["22b the same, counted", hops(1), tcp("10.0.0.9"), xff("9.9.9.9, 10.200.0.7"), "10.200.0.7", "untrusted-hop"],
  [
    "22c the same, carved out",
    {
      rules: [
        { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
        { name: "clients", peers: ["10.200.0.0/16"], says: "nothing" },
      ],
    },
    tcp("10.0.0.9"),
    xff("9.9.9.9, 10.200.0.7"),
    "10.200.0.7",
    "path-exhausted",
  ],
  [
    "23 a replacing outer and an appending inner proxy",
    ingress,
    tcp("10.0.0.9"),
    xff("203.0.113.7, 10.3.0.4"),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "24 a single header that names its own machine",
    realIp,
    tcp("10.0.0.9"),
    { "x-real-ip": "10.0.0.9" },
    "10.0.0.9",
    "path-exhausted",
  ],
  [
    "24b two single headers that name each other's machines",
    {
      rules: [
        { peers: ["10.0.0.0/16"], says: "x-real-ip" },
        { peers: ["10.1.0.0/16"], says: "true-client-ip" },
      ],
    },
    tcp("10.0.0.9"),
    { "x-real-ip": "10.1.0.1", "true-client-ip": "10.0.0.9" },
    "10.0.0.9",
    "path-exhausted",
  ],
  [
    "25 one machine is named in X-Real-IP and in the list",
    {
      rules: [
        { peers: ["10.0.0.0/16"], says: "x-real-ip" },
        { peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
      ],
    },
    tcp("10.0.0.9"),
    xff("9.9.9.9, 203.0.113.7, 10.1.0.1", { "x-real-ip": "10.1.0.1" }),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "26 two rules, one machine: the longest prefix",
    {
      rules: [
        { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
        { peers: ["10.5.0.7"], says: "x-real-ip" },
      ],
    },
    tcp("10.5.0.7"),
    xff("9.9.9.9", { "x-real-ip": "203.0.113.7" }),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "27 two lists, each with its own place",
    {
      rules: [
        { peers: ["10.0.0.0/16", "10.2.0.0/16"], says: "x-forwarded-for" },
        { peers: ["10.1.0.0/16"], says: { header: "x-other-for", form: "list" } },
      ],
    },
    tcp("10.0.0.9"),
    xff("9.9.9.9, 203.0.113.7, 10.1.0.1", { "x-other-for": "8.8.8.8, 10.2.0.1" }),
    "203.0.113.7",
    "untrusted-hop",
  ],
  [
    "28 forty believed hops",
    ingress,
    tcp("10.0.0.9"),
    xff(Array(40).fill("10.0.0.1").join(", ")),
    nearest("10.0.0.1"),
    "hop-limit",
  ],
  ["28b 8 KiB of commas", ingress, tcp("10.0.0.9"), xff(",".repeat(8190)), nearest("10.0.0.9"), "hop-limit"],
])("%s", (_, options, connection, headers, answer, stop) => {
  const policy = compilePolicy(options);
  const { client, nearest: verified, stop: stopped, hops: proof } = resolve({ connection, headers }, policy);
  expect(stopped).toBe(stop);
  expect(client?.address ?? (verified === undefined ? undefined : nearest(verified.address))).toBe(answer);
  expect(clientAddress(connection, headers, policy)).toBe(client?.address);
  // An element that a machine wrote about itself is in the proof, and is no machine of its own.
  const machines = proof.filter(
    ({ endpoint, verdict }) => endpoint !== undefined && !(verdict.trusted && verdict.rule.endsWith("skip")),
  );
  expect(machines.at(-1)?.endpoint?.address).toBe(verified?.address);
  expect(proof[0]?.method).toBe("socket");
});

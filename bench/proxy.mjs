// PROXY protocol: the parser against npm's, and what a required header costs a server, on kept and on short connections and under half-open ones.
import { createRequire } from "node:module";
import { encodeProxyV2, readProxyHeaders } from "@wherefrom/core/wire";
import { measureHalfOpen } from "./half-open.mjs";
import { median, pairedRatios, spread, timeInterleaved } from "./interleaved.mjs";
import { compareCosts, costPerRequest, loadShort } from "./request-cost.mjs";
import { judge, versionOf } from "./row.mjs";

const require = createRequire(import.meta.url);
const { V2ProxyProtocol } = require("proxy-protocol-js");
const balena = require("@balena/proxy-protocol-parser");

const APPS = new URL("proxy-apps.mjs", import.meta.url);
const V1 = "PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n";
const ends = (address) => ({
  source: { address, port: 50_182 },
  destination: { address: address.includes(":") ? "2001:db8::a" : "198.51.100.10", port: 443 },
});
const ascii = (text) => new TextEncoder().encode(text);
const TLVS = [
  { type: 0x01, value: ascii("h2") },
  { type: 0x02, value: ascii("example.com") },
  { type: 0xea, value: Uint8Array.of(1, ...ascii("vpce-08d2bf15fac5001c9")) },
];

export async function measure() {
  return [...parsers(), ...(await measureHalfOpen()), ...(await requests())];
}

function parsers() {
  const headers = {
    "v2 with three fields": (host) => encodeProxyV2({ ...ends(`203.0.113.${host}`), tlvs: TLVS }),
    "v2 with three fields, IPv6": (host) => encodeProxyV2({ ...ends(`2001:db8::${host}`), tlvs: TLVS }),
    "v2 with three fields and a checksum": (host) =>
      encodeProxyV2({ ...ends(`203.0.113.${host}`), tlvs: TLVS, checksum: true }),
  };
  return Object.entries(headers).flatMap(([title, make]) => {
    const inputs = Array.from({ length: 64 }, (_, host) => Buffer.from(make(host)));
    const times = timeInterleaved(
      {
        ours: (bytes) => readProxyHeaders(bytes),
        again: (bytes) => readProxyHeaders(bytes),
        text: (bytes) => readProxyHeaders(bytes).claims[0].endpoint.address,
        js: (bytes) => V2ProxyProtocol.parse(bytes),
        balena: (bytes) => balena.decode(bytes),
      },
      inputs,
    );
    const control = Math.abs(median(pairedRatios(times.again, times.ours)) - 1);
    const row = (against, theirs) => {
      const ratios = pairedRatios(theirs, times.ours);
      return judge({
        case: title,
        subject: "readProxyHeaders: all of it checked",
        against,
        ratio: median(ratios),
        noise: Math.max(spread(ratios), control * median(ratios)),
        must: title.endsWith("checksum") ? undefined : ">= 5",
        detail: `${median(times.ours).toFixed(0)} ns against ${median(theirs).toFixed(0)} ns; ${median(times.text).toFixed(0)} ns with the client's address as text; A/A ${(1 + control).toFixed(2)}`,
      });
    };
    return [
      row(versionOf("proxy-protocol-js"), times.js),
      row(versionOf("@balena/proxy-protocol-parser"), times.balena),
    ];
  });
}

const SUBJECTS = {
  required: "a required header, v2",
  "required v1": "a required header, v1",
  proxywrap: `${versionOf("findhit-proxywrap")}, v1`,
};

/** Requests of a slice on kept connections: so many that the connections' beginnings, which the other rows show, do not count. */
const KEPT = { slice: 2400, rounds: 60 };
const SHORT = { send: loadShort, slice: 240, warmUp: 3000, rounds: 150 };

async function requests() {
  const v2 = Buffer.from(encodeProxyV2(ends("203.0.113.7"))).toString("latin1");
  const preface = (name) => Buffer.from(name.startsWith("plain") ? "" : name === "required" ? v2 : V1, "latin1");
  const kept = await costPerRequest(APPS, [], { preface, ...KEPT });
  const short = await costPerRequest(APPS, ["Connection: close"], { preface, ...SHORT });
  const row = (title, samples, app, must) =>
    judge({
      case: title,
      subject: SUBJECTS[app],
      against: "the same server without a header",
      ...compareCosts(samples, app, "plain", "plain again"),
      must,
    });
  return Object.keys(SUBJECTS).flatMap((app) => [
    row("kept connections, processor time a request", kept, app, app === "proxywrap" ? undefined : "<= 1.05"),
    row("a connection for each request", short, app, app === "proxywrap" ? undefined : "<= 1.3"),
  ]);
}

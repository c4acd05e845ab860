// PROXY protocol: the parser against npm's, and what a required header costs a server, on kept and on short connections.
import { createRequire } from "node:module";
import { encodeProxyV2, readProxyHeaders } from "@wherefrom/core/wire";
import { median, pairedRatios, spread, timeInterleaved } from "../harness/interleaved.mjs";
import { compareCosts, costPerRequest, loadShort } from "../harness/request-cost.mjs";
import { judge, versionOf } from "../harness/row.mjs";

const require = createRequire(import.meta.url);
const { V2ProxyProtocol } = require("proxy-protocol-js");
const balena = require("@balena/proxy-protocol-parser");

const APPS = new URL("../served/proxy.mjs", import.meta.url);
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
  if (process.env.ONLY === "parsers") return parsers();
  return [...parsers(), ...(await requests())];
}

/** What the fields behind the addresses are, of parsers that leave them as bytes. */
function fieldsOf(bytes, from) {
  const fields = [];
  for (let at = from; at + 3 <= bytes.length;) {
    const end = at + 3 + ((bytes[at + 1] << 8) | bytes[at + 2]);
    fields.push({ type: bytes[at], value: bytes.subarray(at + 3, end) });
    at = end;
  }
  return fields;
}

/** The text of an address that is left as a list of bytes; IPv6 without RFC 5952's short form. */
function textOf(bytes) {
  if (bytes.length === 4) return bytes.join(".");
  let text = ((bytes[0] << 8) | bytes[1]).toString(16);
  for (let at = 2; at < 16; at += 2) text += `:${((bytes[at] << 8) | bytes[at + 1]).toString(16)}`;
  return text;
}

/**
 * The same answer of each: client and destination with address text and port, and the fields. proxy-protocol-js leaves addresses and fields as bytes,
 * @balena/proxy-protocol-parser does not know of fields: what is missing is done here, as whoever uses them would.
 */
const ANSWERS = {
  ours: (bytes) => {
    const { endpoint, destination, tlvs } = readProxyHeaders(bytes).claims[0];
    return { source: endpoint, destination, tlvs };
  },
  js: (bytes) => {
    const { proxyAddress: ends, data } = V2ProxyProtocol.parse(bytes);
    return {
      source: { address: textOf(ends.sourceAddress.address), port: ends.sourcePort },
      destination: { address: textOf(ends.destinationAddress.address), port: ends.destinationPort },
      tlvs: fieldsOf(data, 0),
    };
  },
  balena: (bytes) => {
    const { remoteAddress, remotePort, localAddress, localPort, remoteFamily } = balena.decode(bytes);
    return {
      source: { address: remoteAddress, port: remotePort },
      destination: { address: localAddress, port: localPort },
      tlvs: fieldsOf(bytes, remoteFamily === "IPv4" ? 28 : 52),
    };
  },
};

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
        js: (bytes) => V2ProxyProtocol.parse(bytes),
        balena: (bytes) => balena.decode(bytes),
        "ours, answer": ANSWERS.ours,
        "js, answer": ANSWERS.js,
        "balena, answer": ANSWERS.balena,
      },
      inputs,
    );
    const control = Math.abs(median(pairedRatios(times.again, times.ours)) - 1);
    const row = (subject, against, mine, theirs, must) => {
      const ratios = pairedRatios(theirs, mine);
      return judge({
        case: title,
        subject,
        against,
        ratio: median(ratios),
        noise: Math.max(spread(ratios), control * median(ratios)),
        must: title.endsWith("checksum") ? undefined : must,
        detail: `${median(mine).toFixed(0)} ns against ${median(theirs).toFixed(0)} ns; A/A ${(1 + control).toFixed(2)}`,
      });
    };
    const rows = (against, name) => [
      row("readProxyHeaders: all of it checked", against, times.ours, times[name], ">= 5"),
      row("both ends as text, and the fields", against, times["ours, answer"], times[`${name}, answer`], ">= 5"),
    ];
    return [
      ...rows(versionOf("proxy-protocol-js"), "js"),
      ...rows(versionOf("@balena/proxy-protocol-parser"), "balena"),
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

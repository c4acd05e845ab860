// RFC 7239 against X-Forwarded-For for the same client, and against forwarded-parse for the same answer.
import { createRequire } from "node:module";
import { clientAddress, compilePolicy } from "@wherefrom/core";
import { median, pairedRatios, spread, timeInterleaved } from "../harness/interleaved.mjs";
import { connectionOf, HOSTILE_FORWARDED, REQUESTS, TRUSTED, variantsOf } from "../harness/requests.mjs";
import { judge, versionOf } from "../harness/row.mjs";

const require = createRequire(import.meta.url);
const parseForwarded = require("forwarded-parse");
const proxyAddr = require("proxy-addr");

/** What a service does with forwarded-parse: the last `for` that no proxy of ours has. */
function walkParsed({ headers, socket }, trust) {
  if (!trust(socket.remoteAddress, 0)) return socket.remoteAddress;
  const elements = parseForwarded(headers.forwarded);
  for (let at = elements.length - 1; at >= 0; at--) {
    const address = elements[at].for;
    if (at === 0 || !trust(address, elements.length - at)) return address;
  }
  return socket.remoteAddress;
}

/** The same path, told by Forwarded. */
function asForwarded(request, parameters) {
  const list = request.headers["x-forwarded-for"];
  const headers = {
    ...request.headers,
    forwarded: list.replaceAll(/[^, ]+/g, (address) => `for=${address}${parameters}`),
  };
  delete headers["x-forwarded-for"];
  return { ...request, headers };
}

export async function measure() {
  const list = compilePolicy({ trust: TRUSTED, from: "x-forwarded-for" });
  const forwarded = compilePolicy({ trust: TRUSTED, from: "forwarded" });
  const trust = proxyAddr.compile(TRUSTED);
  return [...paths(list, forwarded, trust), ...hostile(forwarded)];
}

function paths(list, forwarded, trust) {
  const rows = [];
  for (const title of ["1 hop", "3 hops"]) {
    for (const parameters of ["", ";proto=https"]) {
      const listed = variantsOf(REQUESTS[title]).map(kept);
      const told = variantsOf(asForwarded(REQUESTS[title], parameters)).map(kept);
      const pairs = told.map((each, index) => ({ told: each, listed: listed[index] }));
      const times = timeInterleaved(
        {
          forwarded: (each) => clientAddress(each.told.kept, each.told.headers, forwarded),
          again: (each) => clientAddress(each.told.kept, each.told.headers, forwarded),
          list: (each) => clientAddress(each.listed.kept, each.listed.headers, list),
          parsed: (each) => walkParsed(each.told, trust),
        },
        pairs,
      );
      const control = Math.abs(median(pairedRatios(times.again, times.forwarded)) - 1);
      const row = (against, ratios, must) =>
        judge({
          case: `${title}${parameters === "" ? "" : " with proto"}`,
          subject: "Forwarded",
          against,
          ratio: median(ratios),
          noise: Math.max(spread(ratios), control * median(ratios)),
          must,
          detail: `${median(times.forwarded).toFixed(0)} ns; A/A ${(1 + control).toFixed(2)}`,
        });
      rows.push(row("X-Forwarded-For", pairedRatios(times.forwarded, times.list), "<= 2.0"));
      const parser = `${versionOf("forwarded-parse")} and ${versionOf("proxy-addr")}'s trust`;
      rows.push(row(parser, pairedRatios(times.parsed, times.forwarded), ">= 5"));
    }
  }
  return rows;
}

function hostile(policy) {
  return Object.entries(HOSTILE_FORWARDED).map(([title, request]) => {
    const walk = (each) => clientAddress(each.kept, each.headers, policy);
    const times = timeInterleaved({ walk }, variantsOf(request).map(kept), 11);
    return judge({
      case: `Forwarded, ${title}`,
      subject: "clientAddress, microseconds",
      against: "5 us",
      ratio: median(times.walk) / 1000,
      noise: spread(times.walk) / 1000,
      must: "<= 5 us",
    });
  });
}

function kept(each) {
  return { ...each, kept: connectionOf(each.socket.remoteAddress) };
}

// What reading TCP options costs a short HTTP connection, the reading of the client's address included. No packet of these carries an option. Needs root for the tap.
import { createServer } from "node:http";
import { compilePolicy } from "@wherefrom/core";
import { toaStatus, wherefrom } from "@wherefrom/net";
import { compareCosts, costPerRequest, loadShort } from "../harness/request-cost.mjs";
import { judge } from "../harness/row.mjs";

export async function measure() {
  const samples = await costPerRequest(new URL("../served/toa.mjs", import.meta.url), ["Connection: close"], {
    send: loadShort,
    slice: 120,
    warmUp: 3000,
    rounds: 300,
  });
  const row = (reader, must) =>
    judge({
      case: `short HTTP connection, ${reader}`,
      subject: `processor time with { toa: { product: "lvs", reader: "${reader}" } }`,
      against: "the same server without",
      ...compareCosts(samples, reader, "without", "without again"),
      must,
    });
  const second = () =>
    judge({
      case: "short HTTP connection, saved-syn and a tap beside it",
      subject: 'processor time with { toa: "lvs" }, where a second reader can run',
      against: 'the same with { toa: { product: "lvs", reader: "saved-syn" } }',
      ...compareCosts(samples, "all", "saved-syn", "saved-syn again"),
    });
  return [row("saved-syn", "<= 1.03"), ...((await canTap()) ? [row("tap", "<= 1.03"), second()] : [])];
}

/** CAP_NET_RAW. */
async function canTap() {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "toa" });
  const server = wherefrom(createServer(), policy, { toa: { product: "lvs", reader: "tap" } });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { tap } = toaStatus(server);
  server.close();
  return tap === "on";
}

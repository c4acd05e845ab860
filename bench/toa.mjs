// What reading TCP options costs a short HTTP connection, the reading of the client's address included.
import { compareCosts, costPerRequest, loadShort } from "./request-cost.mjs";
import { judge } from "./row.mjs";

export async function measure() {
  const samples = await costPerRequest(new URL("toa-apps.mjs", import.meta.url), ["Connection: close"], {
    send: loadShort,
    slice: 120,
    warmUp: 3000,
    rounds: 300,
  });
  return [
    judge({
      case: "short HTTP connection, saved SYN read and parsed",
      subject: 'processor time with { toa: "lvs" }',
      against: "the same server without",
      ...compareCosts(samples, "toa", "without", "without again"),
      must: "<= 1.03",
    }),
  ];
}

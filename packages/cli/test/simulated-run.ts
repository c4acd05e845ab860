import { CARRIER_NAMES, carrierValue } from "../src/doctor/probing/carrier-names.ts";
import { diagnose, type Diagnosis } from "../src/doctor/verdict/diagnosis.ts";
import type { Evidence, Probe, Purpose } from "../src/doctor/evidence/probe.ts";
import { EDGE, sightingOf, type SimulatedWorld, travel } from "./simulated-world.ts";
import { FORGED_ORIGIN } from "../src/doctor/evidence/made-up.ts";
import type { HeaderLine } from "../src/doctor/evidence/sighting.ts";

/** Sends the probes of a real run through a made-up site, each by each chain, and diagnoses what came back. */
export function diagnoseWorld(world: SimulatedWorld): Diagnosis {
  const [client = ""] = world.clients;
  const nonces = new Map<string, string>();
  const nonce = (label: string): string => {
    const address = `192.0.2.${nonces.size + 1}`;
    nonces.set(address, label);
    return address;
  };
  const probes: Probe[] = [];
  const send = (purpose: Purpose, sent: readonly HeaderLine[] = [], subject?: string): void => {
    for (const chain of world.chains) {
      const sighting = sightingOf(world, travel(world, chain, client, sent));
      const socket = { address: client, port: 40_000 + probes.length, remote: EDGE };
      probes.push({ purpose, subject, route: "public", http: "1.1", sent, socket, sighting, failure: undefined });
    }
  };
  const refuse = (purpose: Purpose): void => {
    const failure = { status: 400, error: "not-the-handler", isBare: false };
    probes.push({ purpose, route: "public", http: "1.1", sent: [], socket: undefined, sighting: undefined, failure });
  };
  for (let count = 0; count < 3; count++) send("plain");
  const values = CARRIER_NAMES.map((carrier): HeaderLine => [carrier, carrierValue(carrier, nonce(carrier))]);
  for (const line of values) send("header", [line], line[0]);
  send("all-headers", values);
  const xff = (): HeaderLine => ["X-Forwarded-For", nonce("x-forwarded-for")];
  send("list", [["X-Forwarded-For", `${nonce("x-forwarded-for")},   ${nonce("x-forwarded-for")}`]]);
  send("lines", [xff(), xff()]);
  send("unknown", [["X-Forwarded-For", "unknown"]]);
  send("origin", [["X-Forwarded-Proto", FORGED_ORIGIN.protocol]]);
  send("many-lines", [xff(), ...Array.from({ length: 60 }, (_, index): HeaderLine => [`wf${index}`, "1"])]);
  refuse("proxy-v1");
  refuse("proxy-v2");
  const evidence: Evidence = {
    probes,
    nonces,
    carriers: CARRIER_NAMES,
    me: undefined,
    incidents: undefined,
    refusal: undefined,
    skewMs: undefined,
    location: undefined,
  };
  return diagnose(evidence);
}

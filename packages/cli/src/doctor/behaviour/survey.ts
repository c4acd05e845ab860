import { type Behaviour, classifyBehaviour } from "./behaviour.ts";
import { carriersOf, elementsOf, withoutAddresses } from "../evidence/header-element.ts";
import { canonical, isInside } from "../evidence/address.ts";
import { speaksHttp } from "./front.ts";
import { findOwnAddress, type OwnAddress } from "./own-address.ts";
import type { Habit, Path } from "./path.ts";
import { mergePathOptions } from "./path-option.ts";
import {
  type Answered,
  type Evidence,
  isAnswered,
  isHonest,
  isPrefixed,
  type Probe,
  type Purpose,
} from "../evidence/probe.ts";
import type { HeaderLine, Service, Sighting } from "../evidence/sighting.ts";

/** What the evidence says before any policy is looked at. */
export interface Survey {
  readonly evidence: Evidence;
  /** Probes by the URL, and those of them that the handler answered. */
  readonly tried: readonly Probe[];
  readonly answered: readonly Answered[];
  /** Answered probes in which nothing was made up: one at least. */
  readonly honest: readonly Answered[];
  readonly self: OwnAddress;
  /** Whether a machine in front of the service has the caller's address: both run on the service's machine. Then a request that names the caller proves nothing. */
  readonly isShared: boolean;
  /** Whether the caller's own address arrives nowhere. */
  readonly isLost: boolean;
  readonly paths: readonly Path[];
  /** Machines in front of the service that were seen, nearest first; "unix" for a peer that is a pipe. */
  readonly machines: readonly string[];
  readonly service: Service;
  /** The address that was connected to. */
  readonly remote: string;
  readonly isNonce: (address: string | undefined) => boolean;
}

/** Undefined where no honest request was answered, and none with a made-up header: nothing is known then. */
export function surveyOf(evidence: Evidence): Survey | undefined {
  const tried = evidence.probes.filter(({ route }) => route === "public");
  const answered = tried.filter(isAnswered);
  const honest = answered.filter(isHonest);
  const [first] = honest;
  if (first === undefined) return undefined;
  const self = findOwnAddress(honest, evidence.me, speaksHttp(evidence));
  const isShared = isSharedAddress(honest, self.address);
  const paths = findPaths(evidence, answered, honest, self.address, isShared);
  return {
    evidence,
    tried,
    answered,
    honest,
    self,
    isShared,
    isLost: self.sureness === "lost",
    paths,
    machines: machinesOf(paths, self.address),
    service: first.sighting.service,
    remote: first.socket.remote,
    isNonce: (address) => address !== undefined && evidence.nonces.has(address),
  };
}

/** Whether plain requests come from the caller's address, and not over its connections, to a service on the caller's own machine. */
function isSharedAddress(honest: readonly Answered[], self: string): boolean {
  return honest.some(({ sighting, socket }) => {
    const { peer, peerPort } = sighting.connection;
    const isHere = isInside(["loopback"], self) || sighting.service.interfaces.includes(self);
    return isHere && peer === self && socket.address === self && peerPort !== undefined && peerPort !== socket.port;
  });
}

/** By what paths are told apart. */
export function pathKey({ connection }: Sighting): string {
  return connection.transport === "tcp" ? (connection.peer ?? "tcp") : connection.transport;
}

function findPaths(
  evidence: Evidence,
  answered: readonly Answered[],
  honest: readonly Answered[],
  self: string,
  isShared: boolean,
): readonly Path[] {
  const plain = new Map<string, Sighting[]>();
  const late = new Set<string>();
  for (const { sighting } of honest) {
    const key = pathKey(sighting);
    plain.set(key, [...(plain.get(key) ?? []), sighting]);
  }
  for (const probe of answered) {
    const key = pathKey(probe.sighting);
    if (plain.has(key) || isPrefixed(probe)) continue;
    // A path that no plain request met is known by another one, less what that one made up.
    plain.set(key, [{ ...probe.sighting, raw: honestLines(evidence, probe.sighting) }]);
    late.add(key);
  }
  return [...plain].map(([peer, sightings]) => {
    const habits = findHabits(evidence, answered, peer, sightings[0] as Sighting, self);
    const others = answered
      .filter((probe) => pathKey(probe.sighting) === peer && NAMES_MACHINES.has(probe.purpose))
      .map(({ sighting }) => ({ ...sighting, raw: honestLines(evidence, sighting) }));
    const options = mergePathOptions(sightings, others, self, habits).filter(
      ({ kind }) => kind !== "peer" || !isShared,
    );
    return { peer, plain: sightings, isLate: late.has(peer), habits, options };
  });
}

/** Probes with made-up addresses that tell, without these, which machines stand on a path. */
const NAMES_MACHINES: ReadonlySet<Purpose> = new Set(["header", "all-headers", "list", "lines"]);

/** A sighting's lines less what was made up. */
function honestLines({ nonces }: Evidence, { raw }: Sighting): readonly HeaderLine[] {
  return withoutAddresses(raw, ({ address }) => address !== undefined && nonces.has(address));
}

/** What happens to each header on one path: by the probe that made up this header alone, else by the one that made up all. */
function findHabits(
  evidence: Evidence,
  answered: readonly Answered[],
  path: string,
  plain: Sighting,
  self: string,
): ReadonlyMap<string, Habit> {
  const habits = new Map<string, Habit>();
  for (const purpose of ["header", "all-headers"] as const) {
    for (const probe of answered) {
      if (probe.purpose !== purpose || probe.http === "2" || pathKey(probe.sighting) !== path) continue;
      for (const [name, value] of probe.sent) {
        const carrier = name.toLowerCase();
        const nonce = nonceOf(value, evidence.nonces);
        if (nonce === undefined) continue;
        const seen = habits.get(carrier);
        const habit = habitOf(evidence, probe, plain, carrier, nonce, self);
        if (seen === undefined || (purpose === "header" && isWorse(habit, seen))) habits.set(carrier, habit);
      }
    }
  }
  return habits;
}

/** Of two requests of one path the worse one counts: behind one peer several machines may stand. */
function isWorse(habit: Habit, than: Habit): boolean {
  return SAFETY.indexOf(habit.behaviour) > SAFETY.indexOf(than.behaviour);
}

/** The safest first. */
const SAFETY: readonly Behaviour[] = [
  "overwritten",
  "dropped",
  "removed",
  "appended",
  "added",
  "prepended",
  "passed",
  "set-if-absent",
  "believed",
];

function habitOf(
  { nonces }: Evidence,
  { sighting }: Answered,
  plain: Sighting,
  carrier: string,
  nonce: string,
  self: string,
): Habit {
  const copies = carriersOf(sighting).filter(
    (other) => other !== carrier && elementsOf(sighting, other).some(({ address }) => address === nonce),
  );
  // Where all were made up at once, the addresses of the other headers are no words of the infrastructure.
  const forged = elementsOf(sighting, carrier).filter(
    ({ address }) => address === nonce || address === undefined || !nonces.has(address),
  );
  const comparison = { carrier, plain: elementsOf(plain, carrier), forged, nonce, self, copies };
  return { behaviour: classifyBehaviour(comparison), copies };
}

/** The made-up address in a header's value. */
function nonceOf(value: string, nonces: ReadonlyMap<string, string>): string | undefined {
  const found = /\d+\.\d+\.\d+\.\d+/.exec(value)?.[0];
  const address = canonical(found);
  return address !== undefined && nonces.has(address) ? address : undefined;
}

function machinesOf(paths: readonly Path[], self: string): readonly string[] {
  const machines = new Set<string>();
  for (const { peer, options } of paths) {
    if (peer !== self || options.length === 0) machines.add(peer);
    for (const option of options) for (const machine of option.machines) machines.add(machine);
  }
  machines.delete("");
  return [...machines];
}

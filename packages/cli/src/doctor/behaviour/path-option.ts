import type { CarrierOption } from "@wherefrom/core";
import { KNOWN_HEADERS } from "@wherefrom/core/internal";
import { isSafe } from "./behaviour.ts";
import { carriersOf, elementsOf, isList } from "../evidence/header-element.ts";
import type { Habit, PathOption } from "./path.ts";
import type { Sighting } from "../evidence/sighting.ts";

/**
 * The ways in which all plain sightings of a path name `self`, with the machines of each of them: behind one peer the requests may have come through different ones. `others` add machines alone.
 */
export function mergePathOptions(
  plain: readonly Sighting[],
  others: readonly Sighting[],
  self: string,
  habits: ReadonlyMap<string, Habit>,
): readonly PathOption[] {
  const [first = [], ...rest] = plain.map((sighting) => findPathOptions(sighting, self, habits));
  const extra = others.flatMap((sighting) => findPathOptions(sighting, self, habits));
  return first
    .filter(({ label }) => rest.every((options) => options.some((option) => option.label === label)))
    .map((option) => {
      const same = [...rest.flat(), ...extra].filter(({ label }) => label === option.label);
      return { ...option, machines: [...new Set([option, ...same].flatMap(({ machines }) => machines))] };
    });
}

/** The ways in which one sighting names `self`, and the machines that each of them needs to be believed. */
function findPathOptions(sighting: Sighting, self: string, habits: ReadonlyMap<string, Habit>): readonly PathOption[] {
  const { peer, transport, claims } = sighting.connection;
  const nearest = peer ?? transport;
  const found: PathOption[] = [];
  if (transport === "tcp" && peer === self && claims.length === 0) {
    found.push({ kind: "peer", label: "peer", says: [], machines: [], right: [], claimed: [], isUsable: true });
  }
  const named = claims.map(({ endpoint }) => endpoint?.address);
  const at = named.indexOf(self);
  if (at >= 0) {
    const methods = [...new Set(claims.slice(0, at + 1).map(({ method }) => method))];
    const machines = [nearest, ...named.slice(0, at)].filter((machine) => machine !== undefined);
    found.push({
      kind: "claim",
      label: methods.join("+"),
      says: methods,
      machines,
      right: [],
      claimed: [],
      isUsable: true,
    });
  }
  for (const carrier of carriersOf(sighting)) {
    const elements = elementsOf(sighting, carrier);
    const last = elements.findLastIndex(({ address }) => address === self);
    const element = elements[last];
    if (element === undefined) continue;
    const right = elements.slice(last + 1).map(({ address }) => address);
    const behind = [...right].reverse().filter((address) => address !== undefined);
    const machines = [nearest, ...named.filter((address) => address !== undefined), ...behind];
    found.push({
      kind: "header",
      label: carrier,
      says: [carrierOption(carrier, element.isBare)],
      machines: [...new Set(machines)],
      right: right.filter((address) => address !== undefined),
      claimed: [...new Set(claims.map(({ method }) => method))],
      // An element right of the caller that is no address ends every walk.
      isUsable: isSafe(habits.get(carrier)?.behaviour) && behind.length === right.length,
    });
  }
  return found;
}

function carrierOption(header: string, isBare: boolean): CarrierOption {
  if (isBare) return { header, form: "address:port" };
  if (isList(header) && header !== "x-forwarded-for" && header !== "forwarded") return { header, form: "list" };
  return header === "x-forwarded-for" || header === "forwarded" ? header : namedOption(header);
}

/** A header whose form core knows by its name stands as the name alone. */
function namedOption(header: string): CarrierOption {
  return Object.hasOwn(KNOWN_HEADERS, header) ? (header as CarrierOption) : { header };
}
